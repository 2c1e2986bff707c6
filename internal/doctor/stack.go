package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/awscall"
)

// Stack is a deployed stack, read from AWS once and compared by the checks of StackChecks.
type Stack struct {
	calls      awscall.Caller
	name       string
	status     string
	parameters map[string]string
	outputs    map[string]string
	resources  []resource
	functions  map[string]function // by logical id
}

// resource is what CloudFormation made of a part of the template.
type resource struct {
	Logical  string `xml:"LogicalResourceId"`
	Physical string `xml:"PhysicalResourceId"`
	Type     string `xml:"ResourceType"`
	Status   string `xml:"ResourceStatus"`
}

// pair is a parameter or an output.
type pair struct {
	ParameterKey, ParameterValue, OutputKey, OutputValue string
}

// OpenStack reads the stack of the name, and its functions. It fails if CloudFormation does not know or show the stack; without
// its functions it goes on, and their checks say why.
func OpenStack(ctx context.Context, calls awscall.Caller, name string) (*Stack, error) {
	s := &Stack{calls: calls, name: name, parameters: map[string]string{}, outputs: map[string]string{}, functions: map[string]function{}}
	var described struct {
		Stacks []struct {
			StackStatus string
			Parameters  []pair `xml:"Parameters>member"`
			Outputs     []pair `xml:"Outputs>member"`
		} `xml:"DescribeStacksResult>Stacks>member"`
	}
	if err := s.query(ctx, "cloudformation", &described, "DescribeStacks", "StackName", name); err != nil {
		return nil, fmt.Errorf("read the stack %s: %w", name, err)
	}
	if len(described.Stacks) != 1 {
		return nil, fmt.Errorf("read the stack %s: CloudFormation describes %d stacks", name, len(described.Stacks))
	}
	found := described.Stacks[0]
	s.status = found.StackStatus
	for _, p := range found.Parameters {
		s.parameters[p.ParameterKey] = p.ParameterValue
	}
	for _, o := range found.Outputs {
		s.outputs[o.OutputKey] = o.OutputValue
	}
	if err := s.readResources(ctx); err != nil {
		return nil, err
	}
	s.readFunctions(ctx)
	return s, nil
}

// maxPages bounds how many pages of a list are read.
const maxPages = 20

func (s *Stack) readResources(ctx context.Context) error {
	next := ""
	for range maxPages {
		var page struct {
			Resources []resource `xml:"ListStackResourcesResult>StackResourceSummaries>member"`
			Next      string     `xml:"ListStackResourcesResult>NextToken"`
		}
		args := []string{"StackName", s.name}
		if next != "" {
			args = append(args, "NextToken", next)
		}
		if err := s.query(ctx, "cloudformation", &page, "ListStackResources", args...); err != nil {
			return fmt.Errorf("read the resources of the stack %s: %w", s.name, err)
		}
		s.resources = append(s.resources, page.Resources...)
		if next = page.Next; next == "" {
			return nil
		}
	}
	return fmt.Errorf("read the resources of the stack %s: there is no end to them", s.name)
}

// Unreadable is the report on a stack that OpenStack could not read.
func Unreadable(err error) Report {
	found := cannot(err, "cloudformation:DescribeStacks and cloudformation:ListStackResources")[0]
	var status awscall.StatusError
	if errors.As(err, &status) && strings.Contains(string(status.Answer), "does not exist") {
		found = unknown("Check the name and AWS_REGION: 'aws cloudformation list-stacks'.", "there is no such stack in this Region and account")[0]
	}
	found.Check = "stack"
	return Report{[]Finding{found}}
}

// Output returns an output of the stack, empty if it has none of the name.
func (s *Stack) Output(name string) string { return s.outputs[name] }

// Number returns a parameter of the stack as a number, zero if it is not one.
func (s *Stack) Number(parameter string) int {
	n, _ := strconv.Atoi(s.parameters[parameter])
	return n
}

// Variable returns an environment variable of the sign-in function, in the version that gets traffic.
func (s *Stack) Variable(name string) string { return s.functions["LoginFunction"].variables()[name] }

// Readable reports whether the settings of the functions could be read.
func (s *Stack) Readable() bool {
	return s.functions["LoginFunction"].failed == nil && len(s.functions) > 0
}

func (s *Stack) ofType(kind string) []resource {
	return slices.DeleteFunc(slices.Clone(s.resources), func(r resource) bool { return r.Type != kind })
}

func (s *Stack) physical(logical string) string {
	i := slices.IndexFunc(s.resources, func(r resource) bool { return r.Logical == logical })
	if i < 0 {
		return ""
	}
	return s.resources[i].Physical
}

// The versions of the services that speak the Query protocol.
func apiVersion(service string) string {
	return map[string]string{"cloudformation": "2010-05-15", "monitoring": "2010-08-01", "sns": "2010-03-31"}[service]
}

// query calls an operation of the Query protocol and reads its XML. args are names and values by turns.
func (s *Stack) query(ctx context.Context, service string, into any, action string, args ...string) error {
	form := url.Values{"Action": {action}, "Version": {apiVersion(service)}}
	for i := 0; i+1 < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	answer, err := s.do(ctx, awscall.Call{Service: service, Method: http.MethodPost, Path: "/", Form: form})
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", action, err)
	}
	return nil
}

// target calls an operation that is named in a header, and reads its JSON.
func (s *Stack) target(ctx context.Context, service, operation string, document, into any) error {
	answer, err := s.do(ctx, awscall.Call{Service: service, Method: http.MethodPost, Path: "/", Target: operation, Document: document})
	if err != nil {
		return err
	}
	return decode(answer, into)
}

// get reads the JSON at a path.
func (s *Stack) get(ctx context.Context, service, path string, into any) error {
	answer, err := s.do(ctx, awscall.Call{Service: service, Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	return decode(answer, into)
}

func decode(answer []byte, into any) error {
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

const awsLimit = 10 * time.Second

func (s *Stack) do(ctx context.Context, call awscall.Call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, awsLimit)
	defer cancel()
	_, answer, err := s.calls.Do(ctx, call)
	return answer, err
}

// cannot is the finding for a call to AWS that failed.
func cannot(err error, right string) []Finding {
	var status awscall.StatusError
	switch {
	case errors.As(err, &status) && (status.Status == http.StatusForbidden || strings.Contains(string(status.Answer), "AccessDenied")):
		return unknown("Give the person or role that runs this the right "+right+".", "AWS refuses the call")
	case errors.As(err, &status):
		return unknown("Check Region and credentials, and that the resource exists: it needs "+right+".", "%s answers %d", status.Service, status.Status)
	}
	return unknown("Check Region, credentials and network; it needs "+right+".", "%s", cause(err))
}

// lookStack checks how the last change of the stack ended.
func lookStack(_ context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	var failed []string
	for _, r := range s.resources {
		if strings.HasSuffix(r.Status, "_FAILED") {
			failed = append(failed, r.Logical)
		}
	}
	const advice = "Read the stack's events: docs/deploy.md#creation-failed."
	switch {
	case strings.HasSuffix(s.status, "_IN_PROGRESS"):
		return warning("Run it again when the deployment is done.", "the stack is being changed: %s", s.status)
	case strings.HasSuffix(s.status, "_FAILED") || s.status == "ROLLBACK_COMPLETE":
		return fault(advice, "the stack is %s%s", s.status, list(": ", failed))
	case strings.Contains(s.status, "ROLLBACK"):
		return warning("The last deployment failed and was undone. "+advice, "the stack is %s%s", s.status, list(": ", failed))
	}
	return ok("the stack %s is %s, with %s", s.name, cmp.Or(s.status, "there"), count(len(s.resources), "resource"))
}

// list joins the names after the prefix, or returns nothing.
func list(prefix string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return prefix + strings.Join(names, ", ")
}

// StackChecks returns the checks of what AWS says of the stack in the configuration, in order.
func StackChecks() []Check {
	return []Check{
		{"stack", nil, lookStack},
		{"functions", nil, lookFunctions},
		{"settings", nil, lookSettings},
		{"table", nil, lookTable},
		{"rotation", nil, lookRotation},
		{"alarms", nil, lookAlarms},
		{"alarm topic", nil, lookTopic},
		{"rate limits", nil, lookRateLimits},
		{"authorizers", nil, lookAuthorizers},
		{"mail", nil, lookMail},
		{"hash cost", nil, lookHashCost},
		{"decoys", nil, lookDecoys},
	}
}
