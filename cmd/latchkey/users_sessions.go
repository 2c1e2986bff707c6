package main

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersSessionsCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "sessions EMAIL|ID", Short: "List a user's live sessions, newest first", Args: exactArgs("EMAIL|ID"),
		Long: `Lists the user's sessions that have not ended: when they were opened and last refreshed, from where, by which API
client, when they end unless they are refreshed, and for an impersonation the id of the other user.

` + emailOrID,
		Example: "  latchkey users sessions ada@example.com",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.inspect(cmd, func(a *admin.Admin) error {
			live, err := a.Sessions(cmd.Context(), args[0])
			switch {
			case err != nil:
				return err
			case *asJSON:
				return c.printJSON(sessionLines(live))
			}
			return c.printSessions(live)
		})
	}
	return cmd
}

func (c *cli) printSessions(sessions []auth.Session) error {
	table := c.table("ID", "CREATED", "LAST USED", "SOURCE", "CLIENT", "EXPIRES", "IMPERSONATION")
	for _, s := range sessions {
		table.row(s.ID, formatTime(s.CreatedAt), formatTime(s.LastUsedAt), cmp.Or(s.Source, "-"), cmp.Or(s.Client, "-"),
			formatTime(s.ExpiresAt), impersonation(s))
	}
	return table.Flush()
}

func impersonation(s auth.Session) string {
	switch {
	case s.ActorID != "":
		return "by " + s.ActorID
	case s.TargetID != "":
		return "of " + s.TargetID
	}
	return "-"
}

// sessionLine is a session in JSON.
type sessionLine struct {
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
	Source     string    `json:"source,omitempty"`
	Client     string    `json:"client,omitempty"`
	// The other user of an impersonation: the impersonator, or the target.
	ImpersonatedBy string `json:"impersonatedBy,omitempty"`
	Impersonates   string `json:"impersonates,omitempty"`
}

func sessionLines(sessions []auth.Session) []sessionLine {
	lines := []sessionLine{}
	for _, s := range sessions {
		lines = append(lines, sessionLine{s.ID, s.CreatedAt.UTC(), s.LastUsedAt.UTC(), s.ExpiresAt.UTC(), s.Source, s.Client, s.ActorID, s.TargetID})
	}
	return lines
}
