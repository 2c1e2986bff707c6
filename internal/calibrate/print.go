package calibrate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the result for people, with a plot.
func (r Result) Print(out io.Writer) error {
	for _, m := range r.Measurements {
		fmt.Fprintf(out, "%s: %s, %d processors, %s\n", place(m.MemoryMB), m.Architecture, m.Processors, m.Implementation)
	}
	fmt.Fprintln(out)
	if err := r.printTable(out); err != nil {
		return err
	}
	r.printPlot(out)
	fmt.Fprintln(out)
	for _, best := range r.Recommended {
		fmt.Fprintf(out, "%s, for at most %.0f ms: PASSWORD_HASH=%s%s\n", place(best.MemoryMB), r.BudgetMS, best.Setting, best.remark())
	}
	p := r.Prices
	_, err := fmt.Fprintf(out, `
A sign-in is a hash and about %d ms of other work. Its price is that of the whole sign-in on Lambda, us-east-1, prices of %s:
an HTTP API, %d ms of waiting for DynamoDB, logs and a secret at a million a month; measured here, it is that of Lambda
with %d MB if its processor is as fast as this one. 10^9 guesses cost an attacker the sums above: on processors like this one
at $%.2f an hour of a core, and at least the other sum on graphics cards with %.0f GB/s at $%.2f an hour. Both prices are assumed.
`, computingMS, p.Date, waitingMS, WholeProcessor, p.CoreHour, p.GPUBandwidth/1e9, p.GPUHour)
	return err
}

func (b Recommendation) remark() string {
	switch {
	case b.OverBudget:
		return " (takes longer, but nothing weaker is recommended)"
	case b.Estimated:
		return " (estimated)"
	}
	return ""
}

func place(memoryMB int) string {
	if memoryMB == 0 {
		return "here"
	}
	return fmt.Sprintf("Lambda, %d MB", memoryMB)
}

func (r Result) printTable(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "WHERE\tPARAMETERS\tONE HASH\tALL BUSY\tSIGN-INS/S/CORE\tPER MILLION\t10^9 GUESSES, CPU\tGPU\t")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%s\t%s\t%.1f ms\t%.1f ms\t%.1f\t$%.2f\t$%.0f\t$%.0f\t\n", place(row.MemoryMB), short(row.Params),
			row.Alone, row.Busy, row.PerCore, row.USD, row.GuessesByCPU, row.GuessesByGPU)
	}
	return table.Flush()
}

func short(setting string) string { return strings.TrimPrefix(setting, "argon2id:") }

const plotWidth = 50

// printPlot draws a bar for each row, and the budget as a line through all of them.
func (r Result) printPlot(out io.Writer) {
	longest, widest := r.BudgetMS, 0
	label := func(row Row) string { return place(row.MemoryMB) + "  " + short(row.Params) }
	for _, row := range r.Rows {
		longest = max(longest, row.Busy)
		widest = max(widest, len(label(row)))
	}
	if longest <= 0 {
		return
	}
	fmt.Fprintf(out, "\nms of a hash while all processors are busy; | is the budget\n")
	for _, row := range r.Rows {
		fmt.Fprintf(out, "%*s  %s %.1f\n", widest, label(row), bar(row.Busy/longest, r.BudgetMS/longest), row.Busy)
	}
}

// bar draws a part of plotWidth in eighths of a character, and a mark.
func bar(part, mark float64) string {
	eighths := int(part*plotWidth*8 + 0.5)
	line := []rune(strings.Repeat("█", eighths/8))
	if rest := eighths % 8; rest > 0 {
		line = append(line, []rune(" ▏▎▍▌▋▊▉")[rest])
	}
	for len(line) <= plotWidth {
		line = append(line, ' ')
	}
	if at := int(mark*plotWidth + 0.5); mark < 1 || line[at] == ' ' {
		line[at] = '|'
	}
	return string(line)
}
