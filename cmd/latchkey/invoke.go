package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/lambdahttp"
)

func invokeCommand(c *cli) *cobra.Command {
	functions := []string{"login", "session", "account", "keys", "authorizer", "rotate"}
	return &cobra.Command{
		Use: "invoke FUNCTION EVENT.json|-", Short: "Run an event through a function's real handler",
		Args: exactArgs("FUNCTION", "EVENT.json|-"), ValidArgsFunction: fileNames(2, functions...),
		Long: `Runs one event through the handler that runs on Lambda, over --store and --keys, and prints the function's
answer as JSON. Functions: ` + strings.Join(functions, ", ") + `. Logs go to standard error.`,
		Example: "  latchkey invoke login events/login/planpoint-success.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(functions, args[0]) {
				return usageError{fmt.Errorf("there is no function %q; there is %s", args[0], strings.Join(functions, ", "))}
			}
			event, err := c.readEvent(cmd.Context(), args[1])
			if err != nil {
				return fmt.Errorf("read the event: %w", err)
			}
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			records, err := c.openAudit(cmd)
			if err != nil {
				return err
			}
			defer records.Close()
			log := app.NewLogger(c.err, config.LogLevel)
			config.Addr = "" // nothing listens, so nothing is exposed
			for _, warning := range config.Warnings() {
				app.NewLogger(c.err, config.WarningLevel()).Warn(warning)
			}
			function, store, err := c.function(cmd, args[0], config, log, records.sink(log))
			if err != nil {
				return err
			}
			defer store.Close()
			return c.invoke(cmd, function, event)
		},
	}
}

func (c *cli) invoke(cmd *cobra.Command, function lambda.Handler, event []byte) error {
	answer, err := function.Invoke(cmd.Context(), event)
	if err != nil { // which Lambda reports so; for an authorizer it may be the answer
		answer, _ = json.Marshal(map[string]string{"errorMessage": err.Error()})
		fmt.Fprintf(c.out, "%s\n", answer)
		return fmt.Errorf("the function failed: %w", err)
	}
	_, err = fmt.Fprintf(c.out, "%s\n", answer)
	return err
}

// function is what Lambda would run under the name, over a store to be closed afterwards.
func (c *cli) function(cmd *cobra.Command, name string, config app.Config, log *slog.Logger, sink auth.AuditSink) (lambda.Handler, io.Closer, error) {
	if name == "rotate" { // which may make the first ring
		return c.rotator(cmd, config, sink)
	}
	ports, store, err := c.ports(cmd, config, log, sink)
	if err != nil {
		return nil, nil, err
	}
	switch name {
	case "authorizer":
		return app.NewAuthorizer(config, ports), store, nil
	case "keys":
		return lambdahttp.Wrap(app.KeysHandler(config, ports), lambdahttp.WithLogger(log)), store, nil
	case "account":
		return lambdahttp.Wrap(app.AccountHandler(config, ports), lambdahttp.WithLogger(log)), store, nil
	case "session":
		return lambdahttp.Wrap(app.SessionHandler(config, ports), lambdahttp.WithLogger(log)), store, nil
	default:
		return lambdahttp.Wrap(app.LoginHandler(config, ports), lambdahttp.WithLogger(log)), store, nil
	}
}

func (c *cli) rotator(cmd *cobra.Command, config app.Config, sink auth.AuditSink) (lambda.Handler, io.Closer, error) {
	if config.Keys.IsLocal() {
		return nil, nil, usageError{fmt.Errorf("the rotate function is for a secret, not for %s; 'latchkey keys rotate' rotates either", config.Keys)}
	}
	aws, err := c.loadAWS(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	store, err := c.openStore(cmd.Context(), config.Store, true)
	if err != nil {
		return nil, nil, err
	}
	return app.NewRotator(config, aws, store, sink), store, nil
}

func (c *cli) readEvent(ctx context.Context, name string) ([]byte, error) {
	in, err := c.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}
