package calibrate

import (
	"time"

	"latchkey/internal/password"
)

// Prices are in US dollars, of AWS's Region us-east-1 without its free tier.
type Prices struct {
	Date           string  `json:"date"`           // when they were looked up
	GBSecondX86    float64 `json:"gbSecondX86"`    // of Lambda's memory
	GBSecondARM    float64 `json:"gbSecondArm"`    // likewise
	MillionCalls   float64 `json:"millionCalls"`   // of Lambda
	MillionHTTP    float64 `json:"millionHttp"`    // requests of an HTTP API
	MillionSignIns float64 `json:"millionSignIns"` // in DynamoDB, as docs/storage.md counts them
	MillionLogs    float64 `json:"millionLogs"`    // of sign-ins, about 2 KB each
	Secret         float64 `json:"secret"`         // a month, with the reads of 20 warm functions
	CoreHour       float64 `json:"coreHour"`       // of an attacker, assumed: a spot instance's
	GPUHour        float64 `json:"gpuHour"`        // of an attacker, assumed: the card below
	GPUBandwidth   float64 `json:"gpuBandwidth"`   // bytes a second: an RTX 4090
}

// PriceTable returns the prices that Latchkey's documents use. Nothing here was read from a bill.
func PriceTable() Prices {
	return Prices{
		Date:        "2026-11-21",
		GBSecondX86: 0.0000166667, GBSecondARM: 0.0000133334, MillionCalls: 0.20,
		MillionHTTP: 1.00, MillionSignIns: 2.50, MillionLogs: 1.00, Secret: 1.28,
		CoreHour: 0.02, GPUHour: 0.40, GPUBandwidth: 1008e9,
	}
}

const (
	// WholeProcessor is the memory in MB with which a Lambda function has one whole processor.
	WholeProcessor = 1769
	// A sign-in also takes a millisecond of computing (docs/benchmarks.md), and on Lambda waits for DynamoDB, which is assumed.
	computingMS = 1
	waitingMS   = 15
)

// InFunction returns how long the first hash measured here would take in a Lambda function with the memory, in MB.
func (m Measurement) InFunction(memoryMB int) time.Duration {
	if len(m.Costs) == 0 || memoryMB <= 0 {
		return 0
	}
	ms := m.Costs[0].Alone * WholeProcessor / float64(min(memoryMB, WholeProcessor))
	return time.Duration(ms * float64(time.Millisecond))
}

// lambdaMillion returns what a million calls of a function cost that take that long.
func (p Prices) lambdaMillion(memoryMB int, architecture string, ms float64) float64 {
	second := p.GBSecondX86
	if architecture == "arm64" {
		second = p.GBSecondARM
	}
	return p.MillionCalls + 1e6*ms/1000*float64(memoryMB)/1024*second
}

// rest returns what a million sign-ins in a month cost apart from Lambda.
func (p Prices) rest() float64 { return p.MillionHTTP + p.MillionSignIns + p.MillionLogs + p.Secret }

// guessesByCPU returns what a thousand million guesses cost on processors like the one that takes that long for a hash.
func (p Prices) guessesByCPU(ms float64) float64 { return 1e9 * ms / 3.6e6 * p.CoreHour }

// guessesByGPU returns what they cost at least on graphics cards: argon2 is bound by memory, and no card can move its blocks
// faster than its memory allows. A block of the first pass reads two and writes one, a later one reads three.
func (p Prices) guessesByGPU(params password.Params) float64 {
	const kib = 1024
	traffic := float64(params.Memory) * kib * float64(4*params.Time-1)
	return 1e9 * traffic / p.GPUBandwidth / 3600 * p.GPUHour
}
