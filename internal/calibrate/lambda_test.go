package calibrate_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awscall"
	"latchkey/internal/calibrate"
)

// recorded is Lambda as far as it is called here: its answers are in testdata, in the form of its API reference.
type recorded struct {
	t        *testing.T
	memory   string
	pending  int // answers before a change of memory is done
	calls    []string
	failWith map[string]string // the memory size with which the function fails → its answer
}

func (l *recorded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/lambda/aws4_request") {
		l.t.Errorf("%s %s is not signed: %v", r.Method, r.URL, err)
	}
	l.calls = append(l.calls, fmt.Sprintf("%s %s %.24s", r.Method, strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/cal"), body))
	answer := "configuration"
	switch {
	case r.Method == http.MethodPut:
		l.memory, l.pending = strings.Trim(strings.TrimPrefix(string(body), `{"MemorySize":`), "}"), 2
	case r.Method == http.MethodPost:
		if failure, fails := l.failWith[l.memory]; fails {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			io.WriteString(w, failure)
			return
		}
		answer = "measurement-" + l.memory
	}
	text, err := os.ReadFile("testdata/" + answer + ".json")
	if err != nil {
		l.t.Error(err)
	}
	status := "Successful"
	if l.pending > 0 {
		l.pending--
		status = "InProgress"
	}
	io.WriteString(w, strings.NewReplacer(`"MEMORY"`, l.memory, "STATUS", status).Replace(string(text)))
}

func lambdaAt(t *testing.T, l *recorded) calibrate.Lambda {
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	config := aws.Config{Region: "eu-central-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
	})}
	return calibrate.Lambda{Caller: awscall.Caller{AWS: config, Endpoint: func(string) string { return server.URL }}, Function: "cal"}
}

// TestLambda promises a measurement for each memory size, with which the function really ran, and the size it had before at
// the end.
func TestLambda(t *testing.T) {
	l := &recorded{t: t, memory: "256"}
	found, err := lambdaAt(t, l).Measure(t.Context(), []int{512, 1769}, calibrate.Request{Params: cheap(), Runs: 1})
	if err != nil || len(found) != 2 || found[0].MemoryMB != 512 || found[1].MemoryMB != 1769 || found[1].Costs[0].Alone != 9.4 {
		t.Errorf("%+v, %v", found, err)
	}
	if l.memory != "256" {
		t.Errorf("the function is left with %s MB, it had 256", l.memory)
	}
	puts := slices.DeleteFunc(slices.Clone(l.calls), func(call string) bool { return !strings.HasPrefix(call, "PUT") })
	if want := []string{`PUT /configuration {"MemorySize":512}`, `PUT /configuration {"MemorySize":1769}`, `PUT /configuration {"MemorySize":256}`}; !slices.Equal(puts, want) {
		t.Errorf("changes: %q, want %q", puts, want)
	}
	if i := slices.IndexFunc(l.calls, func(call string) bool { return strings.HasPrefix(call, "POST") }); i < 4 {
		t.Errorf("it was invoked before Lambda said that the change is done: %q", l.calls)
	}
	if _, err := calibrate.Evaluate(found, 50, calibrate.PriceTable()); err != nil {
		t.Error(err)
	}
}

// TestLambdaFails promises an error that says what happened, and the memory size of before.
func TestLambdaFails(t *testing.T) {
	for _, test := range []struct {
		memories []int
		answer   string
		says     string
	}{
		{[]int{512}, `{"errorMessage":"out of memory"}`, "out of memory"},
		{[]int{1024}, "", "is it another function?"}, // whose recorded answer has no memory size
	} {
		l := &recorded{t: t, memory: "256"}
		if test.answer != "" {
			l.failWith = map[string]string{"512": test.answer}
		}
		_, err := lambdaAt(t, l).Measure(t.Context(), test.memories, calibrate.Request{Params: cheap(), Runs: 1})
		if err == nil || !strings.Contains(err.Error(), test.says) || l.memory != "256" {
			t.Errorf("%v with %s MB, want %q and 256", err, l.memory, test.says)
		}
	}
}
