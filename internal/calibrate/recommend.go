package calibrate

import (
	"fmt"

	"latchkey/internal/password"
)

// Row is one line of the result: parameters in one place, and what they mean.
type Row struct {
	MemoryMB     int     `json:"memoryMB,omitempty"`
	Params       string  `json:"params"`
	Alone        float64 `json:"aloneMs"`
	Busy         float64 `json:"busyMs"`
	PerCore      float64 `json:"signInsPerSecondAndCore"`
	USD          float64 `json:"usdPerMillion"`       // all of a sign-in on Lambda
	LambdaUSD    float64 `json:"lambdaUsdPerMillion"` // Lambda's part of it
	GuessesByCPU float64 `json:"attackerUsdPer1e9OnCPU"`
	GuessesByGPU float64 `json:"attackerUsdPer1e9OnGPU"`
}

// Recommendation is the strongest setting that keeps within the budget in one place.
type Recommendation struct {
	MemoryMB int    `json:"memoryMB,omitempty"`
	Setting  string `json:"setting"`
	// Estimated marks a setting that was not measured, but follows from one with fewer passes.
	Estimated bool `json:"estimated,omitempty"`
	// OverBudget marks the default where even that takes longer: nothing weaker is recommended.
	OverBudget bool `json:"overBudget,omitempty"`
}

// Result is all that calibrate found out: the measurements, what each hash would cost, and what it recommends for the
// budget.
type Result struct {
	BudgetMS     float64          `json:"budgetMs"`
	Measurements []Measurement    `json:"measurements"`
	Rows         []Row            `json:"rows"`
	Recommended  []Recommendation `json:"recommended"`
	Prices       Prices           `json:"prices"`
}

// Evaluate works out what the measurements mean for hashes of up to budget milliseconds.
func Evaluate(measurements []Measurement, budget float64, prices Prices) (Result, error) {
	r := Result{BudgetMS: budget, Measurements: measurements, Prices: prices}
	for _, m := range measurements {
		for _, c := range m.Costs {
			row, err := m.row(c, prices)
			if err != nil {
				return Result{}, err
			}
			r.Rows = append(r.Rows, row)
		}
		if len(m.Costs) > 0 {
			r.Recommended = append(r.Recommended, m.recommend(budget))
		}
	}
	return r, nil
}

func (m Measurement) row(c Cost, prices Prices) (Row, error) {
	params, err := password.ParseParams(c.Params)
	if err != nil {
		return Row{}, fmt.Errorf("read a measurement: %w", err)
	}
	memory, core := m.MemoryMB, 1.0
	if memory == 0 {
		memory = WholeProcessor
	}
	if memory < WholeProcessor { // a part of a processor: the rest of a sign-in takes longer as well, and a core serves more
		core = float64(memory) / WholeProcessor
	}
	lambda := prices.lambdaMillion(memory, m.Architecture, c.Busy+computingMS/core+waitingMS)
	return Row{
		MemoryMB: m.MemoryMB, Params: c.Params, Alone: c.Alone, Busy: c.Busy,
		PerCore: 1000 / (c.Busy*core + computingMS), LambdaUSD: lambda, USD: lambda + prices.rest(),
		GuessesByCPU: prices.guessesByCPU(c.Busy * core), GuessesByGPU: prices.guessesByGPU(params),
	}, nil
}

// recommend returns the last setting within the budget. Where all are, it adds passes to the largest, up to the cap.
func (m Measurement) recommend(budget float64) Recommendation {
	best := Recommendation{MemoryMB: m.MemoryMB, Setting: password.Default().String(), OverBudget: true}
	for _, c := range m.Costs {
		if c.Busy <= budget {
			best.Setting, best.OverBudget = c.Params, false
		}
	}
	last := m.Costs[len(m.Costs)-1]
	params, err := password.ParseParams(last.Params)
	if err != nil || last.Busy > budget || last.Params != Candidates()[len(Candidates())-1] {
		return best
	}
	more := params
	for more.Time = params.Time + 1; last.Busy*float64(more.Time)/float64(params.Time) <= budget; more.Time++ {
		if _, err := password.ParseParams(more.String()); err != nil {
			break
		}
		best.Setting, best.Estimated = more.String(), true
	}
	return best
}
