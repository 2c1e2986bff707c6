package dynamo_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// raw is the table as others see it.
type raw struct {
	client *dynamodb.Client
	table  string
}

// items returns all items by their keys, each attribute as its type and text; what differs each time is "…".
func (r raw) items(t *testing.T) map[string]map[string]string {
	t.Helper()
	out, err := r.client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.table})
	must(t, err)
	all := map[string]map[string]string{}
	for _, item := range out.Items {
		it := map[string]string{}
		for name, value := range item {
			switch v := value.(type) {
			case *types.AttributeValueMemberS:
				it[name] = "S " + v.Value
			case *types.AttributeValueMemberN:
				it[name] = "N " + v.Value
			case *types.AttributeValueMemberBOOL:
				it[name] = map[bool]string{true: "BOOL true", false: "BOOL false"}[v.Value]
			default:
				t.Errorf("%s is a %T", name, value)
			}
		}
		for _, random := range []string{"writeId", "tryId"} {
			if len(it[random]) > len("S ")+20 {
				it[random] = "…"
			}
		}
		key := strings.TrimPrefix(it["pk"], "S ") + " / " + strings.TrimPrefix(it["sk"], "S ")
		delete(it, "pk")
		delete(it, "sk")
		all[key] = it
	}
	return all
}

// TestItems promises the items that docs/storage.md shows, so that older and newer versions can share a table and
// DynamoDB deletes a session after it has expired, never before.
func TestItems(t *testing.T) {
	s, r := openRaw(t)
	grace := authtest.Grace()
	grace.PasswordHash, grace.Role = "$hash", "user"
	must(t, s.CreateUser(t.Context(), grace))
	must(t, s.CreateClient(t.Context(), newClient()))
	must(t, s.PutSession(t.Context(), newSession("grace")))
	start, expires := authtest.Start(), newSession("").ExpiresAt
	at := "S " + start.Format("2006-01-02T15:04:05.000Z")
	want := map[string]map[string]string{
		"LOGIN#grace@example.com / LOGIN": {"userId": "S grace"},
		"USER#grace / USER": {
			"email": "S grace@example.com", "identifier": "S grace@example.com", "passwordHash": "S $hash",
			"status": "S ready", "role": "S user", "passwordEpoch": "N 1", "version": "N 1", "createdAt": at, "updatedAt": at,
			"profile": `S {"fullName":"Grace Hopper"}`,
			"accounts": `S [{"id":"account-grace","organizationId":"org-navy","organizationName":"Navy",` +
				`"userType":"Organization Owner","isSelected":true,"groupId":"group-1","customSubdomain":"navy"}]`,
		},
		"USER#grace / SESSION#0123456789abcdefghijkl": {
			"nonce": "S 0123456789abcdefghijkl", "generation": "N 1", "passwordEpoch": "N 1", "contract": "S organization",
			"org": "S org-navy", "accessLife": "N 3600000",
			"client": "S 0123456789abcdef", "source": "S 2001:db8:1234:5678::/64",
			"createdAt": at, "rotatedAt": at, "lastUsedAt": at, "writeId": "…",
			"expiresAt": "S " + expires.Format("2006-01-02T15:04:05.000Z"),
			"ttl":       "N " + strconv.FormatInt(expires.Unix()+1, 10),
		},
		"CLIENTS / " + newClient().KeyHash: {
			"name": "S site", "kind": "S standard", "disabled": "BOOL false", "createdAt": at,
		},
	}
	if d := cmp.Diff(want, r.items(t)); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
}

// TestBrokenItems promises that an item that others wrote wrongly is our fault, not the user's, and that the
// error names the attribute without its value.
func TestBrokenItems(t *testing.T) {
	good := map[string]types.AttributeValue{"identifier": text("ada@example.com")}
	for _, tc := range []struct {
		attribute string
		value     types.AttributeValue
	}{
		{"version", text("7")},
		{"version", number("1.5")},
		{"version", number("99999999999999999999")},
		{"passwordHash", number("7")},
		{"createdAt", text("$old yesterday")},
		{"profile", text(`{"name":"$old"`)},
		{"profile", text(`{"name":7}`)},
		{"accounts", text(`{"id":"$old"}`)},
		{"accounts", &types.AttributeValueMemberL{}},
		{"identifier", text("Ada@Example.com")},
		{"identifier", text("$old")},
	} {
		s, r := openRaw(t)
		item := map[string]types.AttributeValue{"pk": text("USER#ada"), "sk": text("USER")}
		for name, value := range good {
			item[name] = value
		}
		r.put(t, item)
		if _, err := s.UserByID(t.Context(), "ada"); err != nil {
			t.Fatalf("the least item: %v", err)
		}
		item[tc.attribute] = tc.value
		r.put(t, item)
		_, err := s.UserByID(t.Context(), "ada")
		wantBroken(t, err, tc.attribute)
		for _, err := range s.AllUsers(t.Context()) {
			wantBroken(t, err, tc.attribute)
		}
	}
}

// TestBrokenClient promises that a switch that cannot be read does not let a disabled client in.
func TestBrokenClient(t *testing.T) {
	s, r := openRaw(t)
	c := newClient()
	r.put(t, map[string]types.AttributeValue{"pk": text("CLIENTS"), "sk": text(c.KeyHash), "disabled": text("true")})
	_, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, KeyHash: c.KeyHash})
	wantBroken(t, err, "disabled")
	_, err = s.AllClients(t.Context())
	wantBroken(t, err, "disabled")
}

func wantBroken(t *testing.T, err error, attribute string) {
	t.Helper()
	if !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "attribute "+attribute) {
		t.Errorf("%v, want unavailable, because of attribute %s", err, attribute)
		return
	}
	wantSilent(t, err)
}

func (r raw) put(t *testing.T, item map[string]types.AttributeValue) {
	t.Helper()
	_, err := r.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &r.table, Item: item})
	must(t, err)
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// TestTable promises the table of the template: two keys of text, billed on demand, items expire by ttl.
func TestTable(t *testing.T) {
	s, r := openRaw(t)
	must(t, s.CreateTable(t.Context())) // there already: nothing happens
	table, err := r.client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.table})
	must(t, err)
	ttl, err := r.client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &r.table})
	must(t, err)
	var keys []string
	for _, k := range table.Table.KeySchema {
		keys = append(keys, *k.AttributeName+" "+string(k.KeyType))
	}
	if d := cmp.Diff([]string{"pk HASH", "sk RANGE"}, keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	if len(table.Table.GlobalSecondaryIndexes) != 0 || table.Table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
		t.Errorf("indexes %v, billing %v", table.Table.GlobalSecondaryIndexes, table.Table.BillingModeSummary)
	}
	if got := aws.ToString(ttl.TimeToLiveDescription.AttributeName); got != "ttl" {
		t.Errorf("items expire by %q, want ttl", got)
	}
}
