package calibrate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/calibrate"
	"latchkey/internal/password"
)

// cheap are settings that take microseconds.
func cheap() []string { return []string{"argon2id:m=8,t=1,p=1", "argon2id:m=64,t=1,p=1"} }

// TestMeasure promises a positive time for each setting, and none for those after one that took too long.
func TestMeasure(t *testing.T) {
	r := calibrate.Request{Params: cheap(), Runs: 3, Argon2: password.Auto}
	m, err := calibrate.Measure(t.Context(), r)
	if err != nil || len(m.Costs) != 2 || m.Implementation == "" || m.Processors < 1 || m.MemoryMB != 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	for i, c := range m.Costs {
		if c.Params != cheap()[i] || c.Alone <= 0 || c.Busy <= 0 {
			t.Errorf("%+v", c)
		}
	}
	r.StopMS = 1e-9
	if m, err := calibrate.Measure(t.Context(), r); err != nil || len(m.Costs) != 1 {
		t.Errorf("%d settings measured, want to stop after the first: %v", len(m.Costs), err)
	}
}

func TestMeasureHonorsARGON2(t *testing.T) {
	m, err := calibrate.Measure(t.Context(), calibrate.Request{Params: cheap(), Runs: 1, Argon2: password.XCrypto})
	if err != nil || m.Implementation != "x/crypto" {
		t.Errorf("%s, %v", m.Implementation, err)
	}
}

func TestMeasureFails(t *testing.T) {
	if _, err := calibrate.Measure(t.Context(), calibrate.Request{Params: []string{"bcrypt"}, Runs: 1, Argon2: password.Auto}); err == nil {
		t.Error("bcrypt was measured")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := calibrate.Measure(ended, calibrate.Request{Params: cheap(), Runs: 1, Argon2: password.Auto}); err == nil {
		t.Error("measured after the context had ended")
	}
}

func TestCandidatesStartAtTheDefault(t *testing.T) {
	all := calibrate.Candidates()
	if all[0] != password.Default().String() {
		t.Errorf("the first is %s", all[0])
	}
	for i, setting := range all {
		p, err := password.ParseParams(setting)
		if err != nil || p.Weaker() || i > 0 && setting == all[i-1] {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// TestFunction promises the memory size of the function, and no parameters that it is too small for.
func TestFunction(t *testing.T) {
	size := "128"
	f := calibrate.Function(func(string) string { return size })
	m, err := f(t.Context(), calibrate.Request{Params: append(cheap(), "argon2id:m=131072,t=1,p=1"), Runs: 1, Workers: 7, Argon2: password.Auto})
	if err != nil || m.MemoryMB != 128 || len(m.Costs) != 2 {
		t.Errorf("%+v, %v; want 128 MB and two settings", m, err)
	}
	size = ""
	if _, err := f(t.Context(), calibrate.Request{Params: cheap(), Runs: 1, Argon2: password.Auto}); err == nil {
		t.Error("measured without a memory size")
	}
}

// measured are times of a processor that hashes the default in 10 ms, and in a function with a quarter of one.
func measured() []calibrate.Measurement {
	all := calibrate.Candidates()
	return []calibrate.Measurement{
		{Architecture: "amd64", Processors: 2, Implementation: "AVX2", Costs: []calibrate.Cost{
			{Params: all[0], Alone: 8, Busy: 10}, {Params: all[1], Alone: 16, Busy: 20}, {Params: all[2], Alone: 28, Busy: 30}}},
		{MemoryMB: 442, Architecture: "arm64", Processors: 2, Implementation: "x/crypto", Costs: []calibrate.Cost{{Params: all[0], Alone: 100, Busy: 100}}},
	}
}

// TestEvaluate promises what the numbers mean, worked out here by hand.
func TestEvaluate(t *testing.T) {
	r, err := calibrate.Evaluate(measured(), 25, calibrate.PriceTable())
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want float64) {
		if got < want*0.999 || got > want*1.001 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	here, lambda := r.Rows[0], r.Rows[3]
	near("sign-ins a second and core", here.PerCore, 1000/11.0)
	near("Lambda's part of a million", here.LambdaUSD, 0.20+26e3*1769/1024*0.0000166667)
	near("a million", here.USD, here.LambdaUSD+1.00+2.50+1.00+1.28)
	near("guesses on processors", here.GuessesByCPU, 1e7/3600*0.02)
	near("guesses on graphics cards", here.GuessesByGPU, 1e9*19456*1024*7/1008e9/3600*0.40)
	near("Lambda's part with 442 MB on arm64", lambda.LambdaUSD, 0.20+119.002e3*442/1024*0.0000133334)
	near("sign-ins a second and core with a quarter of one", lambda.PerCore, 1000/(100*442/1769.0+1))
	want := []calibrate.Recommendation{
		{Setting: calibrate.Candidates()[1]}, {MemoryMB: 442, Setting: password.Default().String(), OverBudget: true},
	}
	if diff := cmp.Diff(want, r.Recommended); diff != "" {
		t.Errorf("recommended (-want +got):\n%s", diff)
	}
}

// TestRecommendAddsPasses promises passes up to the budget, and up to the cap, where the most memory leaves time.
func TestRecommendAddsPasses(t *testing.T) {
	all := calibrate.Candidates()
	m := []calibrate.Measurement{{Costs: []calibrate.Cost{{Params: all[0], Busy: 5}, {Params: all[len(all)-1], Busy: 80}}}}
	for budget, want := range map[float64]string{80: "t=2", 119: "t=2", 120: "t=3", 200: "t=5", 9000: "t=16"} {
		r, err := calibrate.Evaluate(m, budget, calibrate.PriceTable())
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Recommended[0]; !strings.Contains(got.Setting, "m=262144,"+want) || got.Estimated != (want != "t=2") {
			t.Errorf("%v ms: %+v, want %s", budget, got, want)
		}
	}
}

// TestPrint promises the numbers, the date of the prices, the recommendations, and a plot with the budget in one column.
func TestPrint(t *testing.T) {
	r, err := calibrate.Evaluate(measured(), 25, calibrate.PriceTable())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"here: amd64, 2 processors, AVX2", "Lambda, 442 MB: arm64", "8.0 ms", "10.0 ms", "$6.73", "2026-11-21", "assumed",
		"here, for at most 25 ms: PASSWORD_HASH=" + calibrate.Candidates()[1] + "\n",
		"Lambda, 442 MB, for at most 25 ms: PASSWORD_HASH=" + password.Default().String() + " (takes longer, but nothing weaker is recommended)",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	columns := map[int]bool{}
	bars := 0
	for line := range strings.Lines(out.String()) {
		if at := strings.IndexByte(line, '|'); at >= 0 && strings.Contains(line, "█") {
			bars++
			columns[len([]rune(line[:at]))] = true
		}
	}
	if bars != 4 || len(columns) != 1 {
		t.Errorf("%d bars with the budget in columns %v:\n%s", bars, columns, out.String())
	}
}
