package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/calibrate"
	"latchkey/internal/password"
)

// TestCalibrate promises a table, a plot and a recommendation for people, and the same as JSON.
func TestCalibrate(t *testing.T) {
	l := newLaptop(t)
	out := l.ok("", "calibrate", "--runs", "1", "--budget", "1ms") // so that it stops after the default
	for _, want := range []string{"m=19456,t=2,p=1", "PER MILLION", "█", "PASSWORD_HASH=" + password.Default().String(), calibrate.PriceTable().Date} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	var result calibrate.Result
	out = l.ok("", "calibrate", "--runs", "1", "--budget", "1ms", "--argon2", "x/crypto", "--json")
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err)
	}
	if m := result.Measurements; len(m) != 1 || m[0].Implementation != "x/crypto" || len(result.Rows) != 1 || !result.Recommended[0].OverBudget {
		t.Errorf("%+v", result)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	l := newLaptop(t)
	for _, flags := range [][]string{
		{"--budget", "0s"}, {"--budget", "2m"}, {"--runs", "0"}, {"--runs", "1001"}, {"--memory", "64"}, {"--memory", "512,20000"}, {"now"},
	} {
		if code := l.run("", append([]string{"calibrate"}, flags...)...).code; code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", flags, code, exitUsage)
		}
	}
}

// TestCalibrateOnLambda promises a measurement of a function at the memory size that was asked for, and its size of before.
func TestCalibrateOnLambda(t *testing.T) {
	memory := 256
	lambda := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			var change struct{ MemorySize int }
			if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
				t.Error(err)
			}
			memory = change.MemorySize
		case http.MethodPost:
			fmt.Fprintf(w, `{"memoryMB":%d,"architecture":"arm64","processors":2,"implementation":"NEON",`+
				`"costs":[{"params":"argon2id:m=19456,t=2,p=1","aloneMs":20,"busyMs":20}]}`, memory)
			return
		}
		fmt.Fprintf(w, `{"MemorySize":%d,"LastUpdateStatus":"Successful"}`, memory)
	}))
	defer lambda.Close()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"} {
		t.Setenv(name, value)
	}
	l := newLaptop(t)
	l.env["AWS_ENDPOINT_URL_LAMBDA"] = lambda.URL
	out := l.ok("", "calibrate", "--function", "calibrate", "--memory", "1769")
	if !strings.Contains(out, "Lambda, 1769 MB: arm64, 2 processors, NEON") || memory != 256 {
		t.Errorf("the function has %d MB, want 256; printed\n%s", memory, out)
	}
	lambda.Close()
	l.fails(exitFailed, "", []string{"calibrate", "--function", "calibrate"}, "calibrate on Lambda")
}
