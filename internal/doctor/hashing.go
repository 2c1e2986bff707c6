package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/calibrate"
	"latchkey/internal/password"
)

// slowHash is the longest that a hash should take: a sign-in waits for it, and Lambda charges for it.
const slowHash = 500 * time.Millisecond

// lookHashCost measures a hash with the deployed parameters here, and scales it to the memory of the sign-in function.
func lookHashCost(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	if !s.Readable() {
		return notChecked("the sign-in function cannot be read")
	}
	setting := s.Variable("LATCHKEY_PASSWORD_HASH")
	params, err := password.ParseParams(setting)
	if err != nil {
		return fault("Set PasswordHash as docs/hashing.md says.", "the parameters of new hashes are not valid")
	}
	memory := s.functions["LoginFunction"].live.MemorySize
	var found []Finding
	if params.Weaker() {
		found = append(found, fault("Set PasswordHash to at least the default.", "%s is weaker than OWASP's minimum", setting)...)
	}
	if room := memory - calibrate.FunctionMemory; room < int(params.Memory)>>10 {
		return append(found, fault("Raise MemorySize of LoginFunction, or lower PasswordHash.", "a hash needs %d MB, and the function has %d MB in all", params.Memory>>10, memory)...)
	}
	measured, err := calibrate.Measure(ctx, calibrate.Request{Params: []string{setting}, Runs: 5, Workers: 1, Argon2: password.Auto})
	if err != nil {
		return append(found, unknown("Run it again.", "a hash cannot be measured: %v", err)...)
	}
	took := measured.InFunction(memory)
	if took > slowHash {
		found = append(found, warning("See what another setting costs: 'latchkey calibrate', docs/hashing.md.", "a hash takes about %s in the sign-in function, if its processor is as fast as this one", took.Round(time.Millisecond))...)
	}
	if s.Output("CalibrateFunctionName") != "" {
		found = append(found, warning("Deploy with Calibrate=off when you have measured.", "the function for measuring is deployed")...)
	}
	return orOK(found, "%s takes about %s in the sign-in function, if its processor is as fast as this one", setting, took.Round(time.Millisecond))
}

// lookDecoys compares the decoys with the hashes of the users: where they differ, the time of an answer reveals who is a user.
func lookDecoys(ctx context.Context, d *Deployment) []Finding {
	if d.config.Census == nil {
		return notChecked("reading all users takes time: ask for it with --census")
	}
	want, err := d.config.Census(ctx)
	if err != nil {
		return unknown("The command needs the right dynamodb:Scan on the table.", "the users cannot be read: %v", err)
	}
	have, wanted := shares(d.config.Decoys, d.config.NewHash), shares(want, d.config.NewHash)
	var off []string
	for kind, share := range wanted {
		if diff := share - have[kind]; diff > tolerance || diff < -tolerance {
			off = append(off, fmt.Sprintf("%s: %.0f %% of the users and %.0f %% of the decoys", kind, 100*share, 100*have[kind]))
		}
	}
	for kind, share := range have {
		if wanted[kind] == 0 && share > tolerance {
			off = append(off, fmt.Sprintf("%s: no user and %.0f %% of the decoys", kind, 100*share))
		}
	}
	slices.Sort(off)
	if len(off) > 0 {
		return warning("Deploy with Decoys as 'latchkey users hashes' prints them.", "response times reveal who is a user: %s", list("", off))
	}
	return ok("unknown addresses cost what users cost")
}

// tolerance is how much the shares of a kind may differ; users who sign in get new hashes all the time.
const tolerance = 0.05

// shares returns the share of each kind of hash. No decoys mean new hashes only.
func shares(decoys []auth.Decoy, newHash string) map[string]float64 {
	if len(decoys) == 0 {
		return map[string]float64{newHash: 1}
	}
	total := 0
	for _, decoy := range decoys {
		total += decoy.Weight
	}
	found := map[string]float64{}
	for _, decoy := range decoys {
		kind, err := password.Describe(decoy.Hash)
		if err != nil {
			kind = newHash // which it costs
		}
		found[kind] += float64(decoy.Weight) / float64(total)
	}
	return found
}
