// Command smoke is the Lambda function that CodeDeploy calls before new versions get traffic.
package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
	"latchkey/internal/smoke"
)

func main() {
	app.Start(lambda.NewHandler(smoke.New(smoke.Config{
		Versions: smoke.Versions{
			Login: os.Getenv("SMOKE_LOGIN"), Session: os.Getenv("SMOKE_SESSION"),
			Account: os.Getenv("SMOKE_ACCOUNT"), Keys: os.Getenv("SMOKE_KEYS"), Authorizer: os.Getenv("SMOKE_AUTHORIZER"),
		},
		AWS: app.LambdaConfig(os.Getenv), Log: app.NewLogger(os.Stdout, slog.LevelInfo),
		Endpoint: func(service string) string { return os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(service)) },
	}).Handle), os.Stdout)
}
