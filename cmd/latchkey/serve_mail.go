package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/awscall"
	"latchkey/internal/mail"
	"latchkey/internal/mail/folder"
	"latchkey/internal/mail/queue"
	"latchkey/internal/mail/relay"
	"latchkey/internal/setting"
)

// startMail gives the ports an outbox, if mails are on, and sends in the background what it holds until stop is called.
func (c *cli) startMail(cmd *cobra.Command, config app.Config, ports *app.Ports, store admin.Store) (stop func(), err error) {
	if flag := cmd.Flags().Lookup(flagName("MAIL")); flag.Changed && config.Mail.HasPassword() {
		return nil, usageError{errors.New("--mail holds a password, which every program on this machine can read: set LATCHKEY_MAIL instead")}
	}
	waiting, local := store.(mail.Queue)
	switch {
	case config.Mail.Kind == "":
		return func() {}, nil
	case config.Mail.Kind == app.MailSQS && !local:
		ports.Outbox, err = c.stackOutbox(cmd.Context(), config.Mail.Name)
		return func() {}, err
	case config.Mail.Kind == app.MailSQS || !local:
		return nil, usageError{fmt.Errorf("--mail sqs:URL is for --store dynamodb:TABLE, whose mails only the deployed function sends; %s takes the others", app.SQLite)}
	case config.MailFrom == "":
		return nil, usageError{errors.New("LATCHKEY_MAIL_FROM: mails need an address that they come from")}
	}
	sender, err := mailSender(config.Mail)
	if err != nil {
		return nil, err
	}
	outbox := mail.NewOutbox(waiting, app.NewMailer(config, *ports, sender), mail.DefaultRetry)
	outbox.Spread, ports.Outbox = mail.DefaultSpread, outbox
	ctx, cancel := context.WithCancel(context.WithoutCancel(cmd.Context())) // it ends after the last request
	var running sync.WaitGroup
	running.Go(func() { outbox.Run(ctx) })
	return func() { cancel(); running.Wait() }, nil
}

func mailSender(route app.MailRoute) (mail.Sender, error) {
	if route.Kind == app.MailFile {
		return folder.Open(route.Name)
	}
	return relay.New(route.Server(), setting.IsLoopback), nil
}

// outbox is the outbox of the store that a command has open: in a local file, which its server empties, or the queue of a stack.
func (c *cli) outbox(ctx context.Context, config app.Config, store admin.Store) (auth.Outbox, error) {
	if waiting, local := store.(mail.Queue); local {
		return mail.NewOutbox(waiting, mail.New(mail.Config{Log: slog.New(slog.DiscardHandler)}), mail.DefaultRetry), nil
	}
	if config.Mail.Kind != app.MailSQS {
		return nil, fmt.Errorf("%s sends mails by the queue of its stack: set LATCHKEY_MAIL to sqs:URL", config.Store)
	}
	return c.stackOutbox(ctx, config.Mail.Name)
}

// notices sends users a mail about what operators do; it is nil if the settings send none.
func (c *cli) notices(config app.Config) func(context.Context, admin.Store, auth.Message) error {
	if config.Mail.Kind == "" || config.Notices == auth.NoticesOff {
		return nil
	}
	return func(ctx context.Context, store admin.Store, m auth.Message) error {
		outbox, err := c.outbox(ctx, config, store)
		if err != nil {
			return err
		}
		return outbox.Send(ctx, m)
	}
}

// stackOutbox is the outbox of a deployed stack.
func (c *cli) stackOutbox(ctx context.Context, url string) (auth.Outbox, error) {
	aws, err := c.loadAWS(ctx)
	if err != nil {
		return nil, err
	}
	return queue.NewOutbox(awscall.Caller{AWS: aws, Endpoint: app.EndpointFrom(c.getenv)}, url), nil
}
