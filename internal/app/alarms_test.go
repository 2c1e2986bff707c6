package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestAlarms promises that each alarm names its section of docs/operate.md, that no section is left without one, and that missing
// data, as at night, raises none of them.
func TestAlarms(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	check(t, err)
	var template struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				AlarmDescription string    `yaml:"AlarmDescription"`
				Description      string    `yaml:"Description"`
				TreatMissingData string    `yaml:"TreatMissingData"`
				AlarmActions     yaml.Node `yaml:"AlarmActions"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	check(t, yaml.Unmarshal(text, &template))
	page, err := os.ReadFile("../../docs/operate.md")
	check(t, err)
	_, runbook, _ := strings.Cut(string(page), "## The alarms\n")
	sections := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(runbook, -1) {
		sections[m[1]] = false
	}
	named := regexp.MustCompile(`\. See docs/operate\.md#(\w+)$`)
	for name, r := range template.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" && r.Type != "AWS::Events::Rule" {
			continue
		}
		m := named.FindStringSubmatch(r.Properties.AlarmDescription + r.Properties.Description)
		if m == nil {
			t.Errorf("%s names no section of docs/operate.md", name)
			continue
		}
		if _, found := sections[m[1]]; !found {
			t.Errorf("%s: docs/operate.md has no section %s", name, m[1])
		}
		sections[m[1]] = true
		if r.Type == "AWS::CloudWatch::Alarm" && (r.Properties.TreatMissingData != "notBreaching" || r.Properties.AlarmActions.Kind == 0) {
			t.Errorf("%s is raised by missing data, or tells nobody", name)
		}
	}
	for section, used := range sections {
		if !used {
			t.Errorf("no alarm leads to the section %s", section)
		}
	}
	if len(sections) < 18 {
		t.Errorf("%d sections", len(sections))
	}
}
