package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"latchkey/internal/awscall"
)

// configurationOf is what Lambda says of one version of a function.
type configurationOf struct {
	CodeSha256, State, LastUpdateStatus, Version string
	MemorySize                                   int
	Architectures                                []string
	Environment                                  struct{ Variables map[string]string }
}

// alias is where callers of a function are sent.
type alias struct {
	FunctionVersion string
	RoutingConfig   *struct{ AdditionalVersionWeights map[string]float64 }
}

// function is one function of the stack: what was deployed last, and what its callers get.
type function struct {
	name     string
	latest   configurationOf
	live     configurationOf
	alias    alias
	hasAlias bool
	failed   error
}

func (f function) variables() map[string]string { return f.live.Environment.Variables }

// liveAlias is the template's AutoPublishAlias.
const liveAlias = "live"

func (s *Stack) readFunctions(ctx context.Context) {
	aliased := s.ofType("AWS::Lambda::Alias")
	for _, r := range s.ofType("AWS::Lambda::Function") {
		f := function{name: r.Physical}
		f.hasAlias = slices.ContainsFunc(aliased, func(a resource) bool { return strings.HasPrefix(a.Logical, r.Logical+"Alias") })
		path := awscall.FunctionPath(r.Physical)
		f.failed = s.get(ctx, "lambda", path+"/configuration", &f.latest)
		f.live = f.latest
		if f.failed == nil && f.hasAlias {
			f.live = configurationOf{}
			f.failed = s.get(ctx, "lambda", path+"/configuration?Qualifier="+liveAlias, &f.live)
		}
		if f.failed == nil && f.hasAlias {
			f.failed = s.get(ctx, "lambda", path+"/aliases/"+liveAlias, &f.alias)
		}
		s.functions[r.Logical] = f
	}
}

// ordered are the logical ids of the functions, sorted.
func (s *Stack) ordered() []string { return slices.Sorted(maps.Keys(s.functions)) }

// lookFunctions checks that each function runs what was deployed last, completely.
func lookFunctions(_ context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	if len(s.functions) == 0 {
		return fault("Check the name of the stack: it is not one of Latchkey's template.", "the stack has no functions")
	}
	var found []Finding
	for _, logical := range s.ordered() {
		f := s.functions[logical]
		if f.failed != nil {
			return cannot(f.failed, "lambda:GetFunctionConfiguration and lambda:GetAlias")
		}
		found = append(found, judgeFunction(logical, f)...)
	}
	return orOK(found, "all %d run what was deployed last", len(s.functions))
}

func judgeFunction(logical string, f function) []Finding {
	switch {
	case f.live.State != "" && f.live.State != "Active" && f.live.State != "Inactive": // Inactive: not called for weeks
		return fault("Read the reason: aws lambda get-function-configuration --function-name "+f.name, "%s is %s", logical, f.live.State)
	case f.latest.LastUpdateStatus == "Failed":
		return fault("Deploy again.", "the last change of %s failed", logical)
	case f.alias.RoutingConfig != nil && len(f.alias.RoutingConfig.AdditionalVersionWeights) > 0:
		return warning("Wait for the deployment, or end it in CodeDeploy: docs/operate.md#how-does-new-code-take-over.", "%s answers with two versions: a deployment is under way", logical)
	case f.hasAlias && f.live.CodeSha256 != f.latest.CodeSha256:
		return fault("A deployment went back, or stopped. Find the reason in CodeDeploy and deploy again: docs/operate.md#go-back.",
			"%s answers with version %s, which is not what was deployed last", logical, f.alias.FunctionVersion)
	}
	return nil
}

// lookSettings checks that the functions agree: one with other variables signs or verifies other tokens.
func lookSettings(_ context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	if !s.Readable() {
		return notChecked("the functions cannot be read")
	}
	want := s.functions["LoginFunction"]
	var found []Finding
	for _, logical := range s.ordered() {
		f := s.functions[logical]
		var differ []string
		for name, value := range f.variables() {
			if strings.HasPrefix(name, "LATCHKEY_") && value != want.variables()[name] {
				differ = append(differ, name)
			}
		}
		slices.Sort(differ)
		if len(differ) > 0 {
			found = append(found, fault("Deploy the stack again, and change settings only by its parameters.", "%s and LoginFunction differ in %s", logical, strings.Join(differ, ", "))...)
		}
		if !slices.Equal(f.live.Architectures, want.live.Architectures) {
			found = append(found, fault("Set Architecture in samconfig.toml and deploy again.", "%s and LoginFunction are for different processors", logical)...)
		}
	}
	for _, weak := range d.config.Weak {
		found = append(found, warning("Change the parameter unless you need it: docs/settings.md.", "%s", weak)...)
	}
	return orOK(found, "all functions have the same settings, and none weakens the service")
}
