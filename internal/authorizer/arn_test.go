package authorizer_test

import (
	"strings"
	"testing"

	"latchkey/internal/authorizer"
)

// TestPolicyResource promises a policy for every method of the called stage, and of no other stage, in every
// partition.
func TestPolicyResource(t *testing.T) {
	k := newKit(t, authorizer.Off)
	for method, want := range map[string]string{
		arn: "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/*",
		"arn:aws-cn:execute-api:cn-north-1:123456789012:abc/test/POST/":        "arn:aws-cn:execute-api:cn-north-1:123456789012:abc/test/*",
		"arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abc/v1_2/GET/x": "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abc/v1_2/*",
		"arn:aws:execute-api:us-east-1:123456789012:abc/$default/GET/a:b/c":    "arn:aws:execute-api:us-east-1:123456789012:abc/$default/*",
		"arn:aws:execute-api:us-east-1:123456789012:abc/test-invoke-stage/GET": "arn:aws:execute-api:us-east-1:123456789012:abc/test-invoke-stage/*",
		"arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/*":            "arn:aws:execute-api:us-east-1:123456789012:abc/prod/*",
		"arn:aws:execute-api:us-east-1:123456789012:abc/prod/$connect":         "arn:aws:execute-api:us-east-1:123456789012:abc/prod/*",
	} {
		got, err := invoke(t, k.config, changed(restToken("Bearer "+k.raw), "methodArn", method))
		if err != nil || !strings.Contains(got, `"Effect":"Allow","Resource":"`+want+`"}`) {
			t.Errorf("%s: %s, %v; want %s", method, got, err, want)
		}
	}
	for _, odd := range []string{
		"", "*", "arn", "arn:aws", "arn:aws:execute-api", "arn:aws:execute-api:us-east-1:123456789012",
		"arn:aws:execute-api:us-east-1:123456789012:", "arn:aws:execute-api:us-east-1:123456789012:abc",
		"arn:aws:execute-api:us-east-1:123456789012:abc/", "arn:aws:execute-api:us-east-1:123456789012:abc/prod",
		"arn:aws:execute-api:us-east-1:123456789012:abc/prod/", "arn:aws:execute-api:us-east-1:123456789012:/prod/GET/",
		"arn:aws:execute-api:us-east-1:123456789012:abc//GET/", "arn:aws:execute-api:us-east-1::abc/prod/GET/",
		"arn:aws:execute-api::123456789012:abc/prod/GET/", "arn::execute-api:us-east-1:123456789012:abc/prod/GET/",
		"arn:other:execute-api:us-east-1:123456789012:abc/prod/GET/", "arn:aws:lambda:us-east-1:123456789012:abc/prod/GET/",
		"arn:aws:execute-api:us-east-1:123456789012:*/prod/GET/", "arn:aws:execute-api:us-east-1:123456789012:abc/*/GET/",
		"arn:aws:execute-api:us-east-1:*:abc/prod/GET/", "arn:aws:execute-api:*:123456789012:abc/prod/GET/",
		"arn:aws:execute-api:us-east-1:123456789012:abc/${aws:x}/GET/", "arn:aws:execute-api:us-east-1:123456789012:ab?/prod/GET/",
		" " + arn, strings.ToUpper(arn), "arn:aws:execute-api:us-east-1:123456789012:a\u00e9/prod/GET/", strings.Repeat(":", 1000),
	} {
		for _, event := range []object{changed(restToken("Bearer "+k.raw), "methodArn", odd), changed(http2(bearer(k.raw)), "routeArn", odd)} {
			got, err := invoke(t, k.config, event)
			wantDenied(t, odd, got, err)
		}
	}
}
