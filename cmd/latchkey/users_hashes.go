package main

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// maxDecoysSize leaves the other settings of a Lambda function their part of its 4 KiB of variables.
const maxDecoysSize = 2 << 10

func usersHashesCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "hashes", Short: "Count the kinds of password hashes, and print DECOYS for them", Args: noArguments,
		Long: `Counts the users who are ready by what their password hashes cost, and prints the setting DECOYS that lets names which
nobody has cost the same, in the same shares. Else the time of an answer tells who came with a hash of another system and
has not signed in since. Renewed hashes get a tenth at least, for those who will sign in; set it anew when shares have moved.
What it prints holds nothing of any user's hash.`,
		Example: "  latchkey users hashes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := c.openStore(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			hasher, err := c.hasher(cmd)
			if err != nil {
				return err
			}
			found, err := takeCensus(store.AllUsers(cmd.Context()), hasher)
			if err != nil {
				return err
			}
			return c.printCensus(found)
		},
	}
}

// hashKind are the hashes that cost the same.
type hashKind struct {
	about string
	decoy string // what they scramble to
	users int
}

// census counts users who are ready: others cannot sign in, and whether they are there is told by nothing else.
type census struct {
	own   hashKind // as new hashes are
	kinds []hashKind
}

func takeCensus(users iter.Seq2[auth.User, error], hasher *password.Hasher) (census, error) {
	own := hashKind{about: hasher.Describe(), decoy: hasher.Decoy()}
	found := map[string]hashKind{}
	for u, err := range users {
		if err != nil {
			return census{}, err
		}
		if u.Status != auth.StatusReady {
			continue
		}
		about, err := password.Describe(u.PasswordHash)
		if err != nil || about == own.about { // what cannot be read costs what a new hash costs
			own.users++
			continue
		}
		decoy, err := password.Scramble(u.PasswordHash)
		if err != nil {
			return census{}, err
		}
		k, seen := found[about]
		if !seen || decoy < k.decoy { // of several sizes of salts always the same one
			k.decoy = decoy
		}
		k.about, k.users = about, k.users+1
		found[about] = k
	}
	c := census{own: own}
	for _, k := range found {
		c.kinds = append(c.kinds, k)
	}
	slices.SortFunc(c.kinds, func(a, b hashKind) int {
		return cmp.Or(cmp.Compare(b.users, a.users), cmp.Compare(a.about, b.about))
	})
	return c, nil
}

// decoys returns the shares per mille as a setting, without the rarest kinds where all would be too many.
func (c census) decoys() (setting string, left []hashKind) {
	kinds := c.kinds
	for {
		total := 0
		for _, k := range kinds {
			total += k.users
		}
		own := max(c.own.users, (total+8)/9) // a tenth of all
		total += own
		all := []auth.Decoy{{Hash: c.own.decoy, Weight: perMille(own, total)}}
		for _, k := range kinds {
			all = append(all, auth.Decoy{Hash: k.decoy, Weight: perMille(k.users, total)})
		}
		setting = app.FormatDecoys(all)
		if len(all) <= app.MaxDecoys && len(setting) <= maxDecoysSize {
			return setting, c.kinds[len(kinds):]
		}
		kinds = kinds[:len(kinds)-1]
	}
}

func perMille(part, whole int) int { return max(1, (1000*part+whole/2)/whole) }

func (c *cli) printCensus(found census) error {
	table := c.table()
	fmt.Fprintln(table, "USERS\tHASH")
	for _, k := range append([]hashKind{found.own}, found.kinds...) {
		fmt.Fprintf(table, "%d\t%s\n", k.users, k.about)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(found.kinds) == 0 {
		fmt.Fprintln(c.err, "all hashes cost what new ones cost: DECOYS may stay empty")
		return nil
	}
	setting, left := found.decoys()
	users := 0
	for _, k := range left {
		users += k.users
	}
	if users > 0 {
		fmt.Fprintf(c.err, "DECOYS is without the %d rarest kinds, of %d users: it has %d entries and %d bytes at most\n",
			len(left), users, app.MaxDecoys, maxDecoysSize)
	}
	_, err := fmt.Fprintf(c.out, "\n%sDECOYS='%s'\n", app.Prefix, setting)
	return err
}
