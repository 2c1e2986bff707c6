package doctor

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// lookAlarms checks that every alarm of the stack exists, may act, and is quiet.
func lookAlarms(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	if s.parameters["AlarmTopic"] == "" {
		return warning("Make an SNS topic that reaches the person on call, and deploy with AlarmTopic: docs/operate.md.", "nobody is told when something fails: there is no AlarmTopic")
	}
	alarms := map[string]alarm{}
	logical := map[string]string{}
	for group := range slices.Chunk(s.ofType("AWS::CloudWatch::Alarm"), 50) {
		args := []string{"MaxRecords", "100"}
		for i, r := range group {
			logical[r.Physical] = r.Logical
			args = append(args, fmt.Sprintf("AlarmNames.member.%d", i+1), r.Physical)
		}
		var page struct {
			Alarms []alarm `xml:"DescribeAlarmsResult>MetricAlarms>member"`
		}
		if err := s.query(ctx, "monitoring", &page, "DescribeAlarms", args...); err != nil {
			return cannot(err, "cloudwatch:DescribeAlarms")
		}
		for _, a := range page.Alarms {
			alarms[a.AlarmName] = a
		}
	}
	var found []Finding
	for _, r := range s.ofType("AWS::CloudWatch::Alarm") {
		found = append(found, judgeAlarm(logical[r.Physical], alarms[r.Physical], s.parameters["AlarmTopic"])...)
	}
	return orOK(found, "%s watch the stack, and all are quiet", count(len(logical), "alarm"))
}

type alarm struct {
	AlarmName, StateValue string
	ActionsEnabled        bool
	AlarmActions          []string `xml:"AlarmActions>member"`
}

func judgeAlarm(logical string, a alarm, topic string) []Finding {
	switch {
	case a.AlarmName == "":
		return fault("Deploy the stack again: it was deleted by hand.", "the alarm %s does not exist", logical)
	case a.StateValue == "ALARM":
		return fault("See docs/operate.md#"+strings.ToLower(logical)+".", "the alarm %s is on", logical)
	case !a.ActionsEnabled:
		return fault("aws cloudwatch enable-alarm-actions --alarm-names "+a.AlarmName, "the alarm %s tells nobody: its actions are switched off", logical)
	case !slices.Contains(a.AlarmActions, topic):
		return fault("Deploy the stack again.", "the alarm %s does not send to AlarmTopic", logical)
	}
	return nil
}

// lookTopic checks that somebody is subscribed to the alarms, and has confirmed it.
func lookTopic(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	topic := s.parameters["AlarmTopic"]
	if topic == "" {
		return notChecked("there is no AlarmTopic")
	}
	var attributes struct {
		Entries []struct {
			Key   string `xml:"key"`
			Value string `xml:"value"`
		} `xml:"GetTopicAttributesResult>Attributes>entry"`
	}
	if err := s.query(ctx, "sns", &attributes, "GetTopicAttributes", "TopicArn", topic); err != nil {
		return cannot(err, "sns:GetTopicAttributes")
	}
	numbers, policy := map[string]int{}, ""
	for _, e := range attributes.Entries {
		numbers[e.Key], _ = strconv.Atoi(e.Value)
		if e.Key == "Policy" {
			policy = e.Value
		}
	}
	var found []Finding
	switch confirmed, pending := numbers["SubscriptionsConfirmed"], numbers["SubscriptionsPending"]; {
	case confirmed == 0:
		found = fault("Subscribe the person on call, and open the link in the mail that asks for confirmation.", "alarms reach nobody: the topic has no confirmed subscription")
	case pending > 0:
		found = warning("Open the link in the mail that asks for confirmation, or delete the subscription.", "%s of the topic are not confirmed", count(pending, "subscription"))
	}
	if policy != "" && !strings.Contains(policy, "events.amazonaws.com") {
		found = append(found, warning("Let events.amazonaws.com publish to the topic: docs/operate.md#keyage.", "failed rotations are not reported: the topic's policy does not name EventBridge")...)
	}
	return orOK(found, "the topic has %s", count(numbers["SubscriptionsConfirmed"], "confirmed subscription"))
}

// limits are the rate and burst of a route.
type limits struct {
	ThrottlingRateLimit  float64
	ThrottlingBurstLimit int
}

// lookRateLimits compares the limits of the gateway's stage with the stack's parameters.
func lookRateLimits(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	if s.parameters["FrontDoor"] == "rest" {
		return lookRestLimits(ctx, s)
	}
	var stage struct {
		DefaultRouteSettings limits
		RouteSettings        map[string]limits
	}
	path := "/v2/apis/" + url.PathEscape(s.physical("Api")) + "/stages/$default"
	if err := s.get(ctx, "apigateway", path, &stage); err != nil {
		return cannot(err, "apigateway:GET")
	}
	found := judgeLimits("other routes", stage.DefaultRouteSettings, s.limits("Throttling"))
	for _, c := range d.config.Contracts {
		found = append(found, judgeLimits(c.Path(), stage.RouteSettings["ANY "+c.Path()], s.limits("Login"))...)
	}
	return orOK(found, "each sign-in route takes %s, at most %d at once", count(s.Number("LoginRateLimit"), "request")+" a second", s.Number("LoginBurstLimit"))
}

func lookRestLimits(ctx context.Context, s *Stack) []Finding {
	var stage struct {
		MethodSettings map[string]limits
	}
	if err := s.get(ctx, "apigateway", "/restapis/"+url.PathEscape(s.physical("RestApi"))+"/stages/live", &stage); err != nil {
		return cannot(err, "apigateway:GET")
	}
	return orOK(judgeLimits("every route", stage.MethodSettings["*/*"], s.limits("Throttling")), "each route takes %s a second", count(s.Number("ThrottlingRateLimit"), "request"))
}

func (s *Stack) limits(of string) limits {
	return limits{float64(s.Number(of + "RateLimit")), s.Number(of + "BurstLimit")}
}

func judgeLimits(what string, got, want limits) []Finding {
	switch {
	case got.ThrottlingRateLimit == 0:
		return fault("Deploy the stack again: without a limit a flood costs what it wants.", "there is no rate limit for %s", what)
	case got != want:
		return warning("Deploy the stack again, or change the parameters.", "%s: the limit is %g a second and %d at once, and the parameters say %g and %d",
			what, got.ThrottlingRateLimit, got.ThrottlingBurstLimit, want.ThrottlingRateLimit, want.ThrottlingBurstLimit)
	}
	return nil
}
