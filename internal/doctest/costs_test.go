package doctest_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/calibrate"
)

// TestCosts promises that docs/costs.md uses the prices of 'latchkey calibrate', and that its columns add up.
func TestCosts(t *testing.T) {
	page, prices := read(t, "docs/costs.md"), calibrate.PriceTable()
	date, err := time.Parse(time.DateOnly, prices.Date)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		date.Format("2 January 2006"),
		fmt.Sprintf("$%.10f for a GB-second, $%.2f for a million calls", prices.GBSecondX86, prices.MillionCalls),
		fmt.Sprintf("| Lambda, arm64 | $%.10f for a GB-second |", prices.GBSecondARM),
		fmt.Sprintf("$%.2f for a million requests", prices.MillionHTTP),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	alarms := strings.Count(read(t, "template.yaml"), "AWS::CloudWatch::Alarm") - 1 // that of the other front door
	if want := fmt.Sprintf("| `AlarmTopic` (%d alarms) | %.2f |", alarms, float64(alarms)/10); !strings.Contains(page, want) {
		t.Errorf("the page does not say %q", want)
	}
	million := map[string]float64{
		"HTTP API": prices.MillionHTTP, "DynamoDB (5 reads, 3 writes)": prices.MillionSignIns, "secret, and reading it": prices.Secret,
		"logs (2 KB a sign-in)": prices.MillionLogs,
		"Lambda (x86_64, 1,769 MB, 120 ms)": prices.MillionCalls +
			1e6*0.120*calibrate.WholeProcessor/1024*prices.GBSecondX86,
	}
	_, table, _ := strings.Cut(page, "| HTTP API |")
	var sums [4]float64
	for line := range strings.Lines("| HTTP API |" + table) {
		c := cells(strings.TrimSuffix(line, "\n"))
		if len(c) != 5 {
			break
		}
		for i := range sums {
			value, err := strconv.ParseFloat(strings.Trim(c[i+1], "*"), 64)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(c[0], "**") && math.Abs(sums[i]-value) > 0.005 {
				t.Errorf("column %d adds up to %.2f, the page says %.2f", i+1, sums[i], value)
			}
			sums[i] += value
			if price, shared := million[c[0]]; shared && i == 2 && math.Abs(price-value) > 0.005 {
				t.Errorf("%s: the page says %.2f, the price table %.2f", c[0], value, price)
			}
		}
		delete(million, c[0])
		if strings.HasPrefix(c[0], "**") {
			break
		}
	}
	for row := range million {
		t.Errorf("the page has no row %q", row)
	}
}
