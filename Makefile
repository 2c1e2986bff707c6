# Latchkey. `make run` and `make test` need only Go.
SHELL := /bin/bash
export CGO_ENABLED := 0

# What the functions are built for: the Architecture that samconfig.toml deploys.
LAMBDA_GOARCH ?= $(if $(shell grep -v '^ *\#' samconfig.toml | grep -o 'Architecture=arm64'),arm64,amd64)

# What 'latchkey version' prints. sam build copies the sources without Git; make deploy hands the version down.
export VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.PHONY: run build test race check check-api emulators bench timing attack browser fuzz sam-local deploy rehearse release

run: ## serve the demo on http://127.0.0.1:3000
	go run ./cmd/latchkey serve --demo

build: ## build the latchkey command into bin/
	go build -trimpath -ldflags '-X latchkey/internal/app.version=$(VERSION)' -o bin/latchkey ./cmd/latchkey

test: ## all tests; those against emulators only after `make emulators`
	CGO_ENABLED=$(if $(RACE),1,0) go test $(if $(RACE),-race) ./...

race: ## the packages with shared state, under the race detector
	CGO_ENABLED=1 go test -race ./internal/app ./internal/argon2 ./internal/auth ./internal/authorizer ./internal/cached ./internal/contract/... \
		./internal/jwk ./internal/keyring ./internal/lambdahttp ./internal/metrics ./internal/password ./internal/rotation \
		./internal/secret ./internal/sqlite ./internal/token ./internal/userfile ./internal/web ./verify

check: ## format, vet (for macOS and Windows too), staticcheck, code budgets, templates, known vulnerabilities (without a network: ALLOW_OFFLINE=1)
	@test -z "$$(gofmt -l .)" || { echo "not formatted, run gofmt -w:"; gofmt -l .; exit 1; }
	go vet ./...
	go -C tools/browser vet ./...
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...
	go tool staticcheck ./...
	cd tools/browser && "$$(go -C ../.. tool -n staticcheck)" ./...
	go run ./tools/budget
	@d=$$(mktemp -d); trap 'rm -r "$$d"' EXIT; printf 'go 1.26.0\nuse (\n%s\n%s/tools/browser\n)\n' '$(CURDIR)' '$(CURDIR)' >$$d/go.work; GOWORK=$$d/go.work go mod verify
	@.ci/template
	@.ci/vulnerabilities

check-api: ## lint api/openapi.yaml and try a running server against it (needs Node.js and Python); a minute
	@.ci/api $(ARGS)

emulators: ## install DynamoDB Local (needs Java and Maven), moto and PyJWT (need Python) for the tests
	internal/emulator/install

bench: ## the parts (BENCHTIME each), then the whole compared with bare programs; see docs/benchmarks.md
	go test -run '^$$' -bench . -benchtime $(or $(BENCHTIME),300ms) ./...
	go run ./tools/bench

timing: ## do response times reveal who is a user? N attempts (default 400) of each kind of refusal; takes minutes
	go run ./tools/timing -n $(or $(N),400)

attack: ## run the attacks of docs/attacks.md against a real serve, and print the results; a minute
	LATCHKEY_ATTACK=full go test -run '^TestAttack' -count=1 -v ./cmd/latchkey

browser: ## all tests of pages, in Chromium (needs Chromium); pictures of them in tools/browser/screenshots
	cd tools/browser && go test -count=1 -v $(ARGS) ./...

fuzz: ## each fuzz target for FUZZTIME (default 60s)
	.ci/fuzz $(or $(FUZZTIME),60s)

release: ## static binaries, checksums, a bill of materials and the image's file system in dist/; reproducible
	@.ci/release

sam-local: ## emulators with a demo user, for sam local on this machine
	internal/emulator/samlocal

deploy: ## build, check and deploy one environment of samconfig.toml: make deploy ENV=staging ARGS='…'
	sam build --config-env $(or $(ENV),default)
	.ci/architecture
	sam deploy --config-env $(or $(ENV),default) $(ARGS)

rehearse: ## deploy the template to emulators, by both front doors, and use it; a minute (needs make emulators)
	tools/rehearse/rehearse $(ARGS)

# sam build calls one of these for each function (BuildMethod: makefile). The tags leave out what functions never use: Lambda's old
# protocol, and HTTP/2, which DynamoDB and Secrets Manager do not speak.
build-%Function:
	GOOS=linux GOARCH=$(LAMBDA_GOARCH) go build -trimpath -buildvcs=false -tags lambda.norpc,nethttpomithttp2 -ldflags '-s -w -X latchkey/internal/app.version=$(VERSION)' \
		-o "$(ARTIFACTS_DIR)/bootstrap" $(or $(PACKAGE),./functions/$(shell echo $* | tr A-Z a-z))
	$(if $(and $(filter Account,$*),$(LATCHKEY_PASSWORD_LIST)),cp "$(LATCHKEY_PASSWORD_LIST)" "$(ARTIFACTS_DIR)/passwords.list")
