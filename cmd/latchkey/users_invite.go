package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/admin/bulk"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/terminal"
)

// mostPerSecond is above what mail services take.
const mostPerSecond = 1000

func usersInviteCommand(c *cli) *cobra.Command {
	var all, again bool
	var perSecond int
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "invite FILE|-|--all-pending", Short: "Send users a link to choose their first password",
		Long: `Sends an invitation to each user whose address is a line of FILE, or of standard input if it is '-'; lines as 'users
import' takes them are fine too. --all-pending invites every user who is pending with "activate". The link is valid for
7 days and once, and makes the user ready.

A line whose user is unknown, not pending with "activate", or has an address that cannot be mailed is reported with its
number, the others are invited, and the exit code is 1. Users whose earlier invitation is still valid are left alone, so
that an interrupted run goes on when the same command is run again; --again invites them too.

In a SQLite store the invitations wait for 'latchkey serve', which sends them as its --mail and --reset-url say. With
--store dynamodb:TABLE they go to the queue of the stack, whose URL is among its outputs.`,
		Example: `  latchkey users invite addresses.txt
  latchkey users invite --all-pending --per-second 2
  latchkey users invite --all-pending --store dynamodb:TABLE --keys secretsmanager:ARN --mail sqs:URL`,
		ValidArgsFunction: fileNames(1),
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return usageError{errors.New("give FILE or --all-pending, not both")}
			case all:
				return nil
			}
			return exactArgs("FILE|-|--all-pending")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if perSecond < 1 || perSecond > mostPerSecond {
				return usageError{fmt.Errorf("--per-second is 1 to %d", mostPerSecond)}
			}
			return c.inviteUsers(cmd, args, bulk.Invite{Again: again, PerSecond: perSecond}, *asJSON)
		},
	}
	asJSON = jsonFlag(cmd)
	addFlags(cmd, "MAIL")
	cmd.Flags().BoolVar(&all, "all-pending", false, "invite every pending user with activate")
	cmd.Flags().BoolVar(&again, "again", false, "also invite users whose earlier invitation is still valid")
	cmd.Flags().IntVar(&perSecond, "per-second", 10, "how many to send in a second at most; SES and mail servers have a limit")
	return cmd
}

func (c *cli) inviteUsers(cmd *cobra.Command, args []string, i bulk.Invite, asJSON bool) error {
	config, err := c.config(cmd)
	switch {
	case err != nil:
		return usageError{err}
	case !config.Store.IsLocal() && config.Mail.Kind != app.MailSQS:
		return usageError{fmt.Errorf("%s needs --mail sqs:URL, with the queue of its stack", config.Store)}
	}
	var file io.Reader
	size := int64(-1)
	if len(args) > 0 {
		opened, err := c.open(cmd.Context(), args[0])
		if err != nil {
			return fmt.Errorf("read the addresses: %w", err)
		}
		defer opened.Close()
		file, size = opened, c.size(opened)
	}
	progress := terminal.NewProgress(c.err, "inviting", size)
	i.Progress, i.Mailable = progress.Update, mailable(config)
	i.Refused = func(line int, why error) {
		if line > 0 {
			why = fmt.Errorf("line %d: %w", line, why)
		}
		fmt.Fprintln(progress, why)
	}
	inviter := func(store admin.Store) (bulk.Inviter, error) { return c.inviter(cmd, config, store) }
	return c.administer(cmd, func(a *admin.Admin) error {
		counts, err := bulk.InviteUsers(cmd.Context(), a, i, file, inviter)
		return c.finishInvite(progress, config, counts, asJSON, err)
	})
}

// mailable returns what addresses the deployment's mails reach: SES takes none with a local part beyond ASCII.
func mailable(config app.Config) func(address string) bool {
	return func(address string) bool {
		local, _, _ := strings.Cut(address, "@")
		return config.Store.IsLocal() || mail.IsASCII(local)
	}
}

// inviter sends invitations to the outbox in a local store, which its server empties, or to the queue of a stack.
func (c *cli) inviter(cmd *cobra.Command, config app.Config, store admin.Store) (bulk.Inviter, error) {
	outbox, err := c.outbox(cmd.Context(), config, store)
	return auth.NewService(auth.Config{Store: store, Keys: c.unopenedRing(config), Outbox: outbox, Log: slog.New(slog.DiscardHandler)}), err
}

// finishInvite prints what became of the users, however the run ended.
func (c *cli) finishInvite(progress *terminal.Progress, config app.Config, counts bulk.InviteCounts, asJSON bool, err error) error {
	progress.Finish()
	if asJSON {
		err = errors.Join(err, c.printJSON(counts))
	} else {
		fmt.Fprintf(progress, "%d invited, %d refused, %d unchanged\n", counts.Invited, counts.Refused, counts.Unchanged)
	}
	if config.Store.IsLocal() && counts.Invited > 0 {
		fmt.Fprintln(progress, "'latchkey serve' sends them, with its --mail, --mail-from and --reset-url")
	}
	if err == nil && counts.Refused > 0 {
		return errFailed
	}
	return err
}
