package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// The classes of hashes; those of one class cost the same.
const (
	cheap  = iota // of ASP.NET Identity 2
	fresh         // like new hashes
	costly        // of Django
	classes
)

// classOf puts six, one and three tenths of the users into the classes.
func classOf(user int) int {
	return [...]int{cheap, cheap, costly, fresh, cheap, costly, cheap, cheap, costly, cheap}[user%10]
}

// imported compares imported users with hashes of two other systems, who have not signed in yet, with unknown identifiers, each
// tried once. Without DECOYS they have to differ: otherwise the measurement would be blind.
func imported(ctx context.Context, binary string, n int) ([]table, error) {
	users, strangers, decoys, err := tryEach(ctx, binary, "", n)
	if err != nil {
		return nil, err
	}
	if p := mannWhitney(all(users), strangers); p > significant {
		return nil, fmt.Errorf("without DECOYS imported users cost the same as unknown ones (p %.3g): this measurement is blind", p)
	}
	if users, strangers, _, err = tryEach(ctx, binary, decoys, n); err != nil {
		return nil, err
	}
	return compareClasses(users, strangers)
}

// tryEach measures n users, by class, and n unknown identifiers, in random order, and returns what `users hashes` prints for
// these users.
func tryEach(ctx context.Context, binary, decoys string, n int) (users [classes][]time.Duration, strangers []time.Duration, setting string, err error) {
	s, err := serve(ctx, binary, []string{"LATCHKEY_THROTTLE=off", "LATCHKEY_DECOYS=" + decoys}, importedUsers(n))
	if err != nil {
		return users, nil, "", err
	}
	defer s.stop()
	if setting, err = s.decoys(ctx, binary); err != nil {
		return users, nil, "", err
	}
	time.Sleep(startupWork)
	for _, i := range rand.Perm(2 * n) {
		name := fmt.Sprintf("u%04d", i)
		if i >= n {
			name = fmt.Sprintf("n%04d", i-n)
		}
		took, got, err := s.try(ctx, newKind("", planpoint, name, "wrong"))
		switch {
		case err != nil:
			return users, nil, "", err
		case got.status != 401:
			return users, nil, "", fmt.Errorf("%s is answered by %+v", name, got)
		case i >= n:
			strangers = append(strangers, took)
		default:
			users[classOf(i)] = append(users[classOf(i)], took)
		}
	}
	return users, strangers, setting, nil
}

// decoys returns the setting that an operator would use.
func (s *server) decoys(ctx context.Context, binary string) (string, error) {
	out, err := s.command(ctx, binary, "users", "hashes").Output()
	if err != nil {
		return "", fmt.Errorf("count the hashes: %w", err)
	}
	m := regexp.MustCompile(`LATCHKEY_DECOYS='(.*)'`).FindSubmatch(out)
	if m == nil {
		return "", errors.New("latchkey users hashes printed no DECOYS")
	}
	return string(m[1]), nil
}

// importedUsers are ready; their hashes match no password, except the new ones.
func importedUsers(n int) string {
	var lines strings.Builder
	random := func(size int) []byte {
		raw := make([]byte, size)
		for i := range raw {
			raw[i] = byte(rand.Uint32())
		}
		return raw
	}
	b64 := base64.StdEncoding.EncodeToString
	for i := range n {
		credential := [classes]string{
			cheap:  fmt.Sprintf(`"passwordHash": %q`, b64(append([]byte{0}, random(48)...))),
			fresh:  fmt.Sprintf(`"password": %q`, password),
			costly: fmt.Sprintf(`"passwordHash": "pbkdf2_sha256$400000$%x$%s"`, random(11), b64(random(32))),
		}[classOf(i)]
		fmt.Fprintf(&lines, `{"email": %q, "status": "ready", %s}`+"\n", email(fmt.Sprintf("u%04d", i)), credential)
	}
	return lines.String()
}

// compareClasses assigns each unknown identifier to the class of users that took about as long, and compares the size of each
// class and its times.
func compareClasses(users [classes][]time.Duration, strangers []time.Duration) ([]table, error) {
	var medians [classes]time.Duration
	for class, times := range users {
		medians[class] = median(times)
	}
	nearest := func(d time.Duration) (class int) {
		for other := range medians {
			distance := func(class int) float64 { return math.Abs(math.Log(float64(d) / float64(medians[class]))) }
			if distance(other) < distance(class) {
				class = other
			}
		}
		return class
	}
	shares := []*kind{{name: "unknown users"}, {name: "imported users"}}
	var within [classes][]*kind
	for class := range within {
		within[class] = []*kind{{name: "unknown users"}, {name: "imported users"}}
	}
	for i, times := range [][]time.Duration{strangers, all(users)} {
		for _, d := range times {
			class := nearest(d)
			shares[i].times = append(shares[i].times, medians[class])
			within[class][i].times = append(within[class][i].times, d)
		}
	}
	tables := []table{{title: "imported users, shares of the costs", kinds: shares, allowed: -1}}
	for class, kinds := range within {
		if len(kinds[0].times) == 0 {
			return nil, fmt.Errorf("no unknown user costs %s, as some users do; use a larger -n", medians[class])
		}
		name := [classes]string{cheap: "of ASP.NET Identity 2", fresh: "like new ones", costly: "of Django"}[class]
		tables = append(tables, table{title: "imported users, hashes " + name, kinds: kinds, allowed: max(medians[class]/50, 50*time.Microsecond)})
	}
	return tables, nil
}

func all(users [classes][]time.Duration) (times []time.Duration) {
	for _, of := range users {
		times = append(times, of...)
	}
	return times
}
