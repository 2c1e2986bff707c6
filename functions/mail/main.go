// Command mail is the Lambda function that sends the mails to users.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
	"latchkey/internal/mail/ses"
)

func main() {
	sender := ses.Sender{Caller: app.AWSCaller(os.Getenv), ConfigurationSet: os.Getenv("MAIL_CONFIGURATION_SET")}
	function, err := app.Mail(context.Background(), os.Getenv, os.Stdout, sender)
	if err != nil {
		app.LogStartError(os.Stdout, "mail", err)
		os.Exit(1)
	}
	app.Start(lambda.NewHandler(function.Handle), os.Stdout)
}
