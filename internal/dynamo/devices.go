package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// PutDevice is one write of less than 1 KB: 1 WRU.
func (s *Store) PutDevice(ctx context.Context, d auth.Device) error {
	const action = "remember the device"
	k, ok := deviceKey(d.Key())
	if !ok {
		return fmt.Errorf("%s: %w", action, errSessionID)
	}
	it := k.item()
	it.setNumber("passwordEpoch", d.PasswordEpoch)
	it.setNumber("failures", d.Failures)
	it.setText("source", d.Source)
	it.setTime("createdAt", d.CreatedAt)
	it.setTime("lastUsedAt", d.LastUsedAt)
	it.setTime("expiresAt", d.ExpiresAt)
	it.setNumber("ttl", d.ExpiresAt.Unix()+1)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return confirmed(action, err, nil)
}

// DevicesOf queries the user's devices: 1 RRU for about 20 of them.
func (s *Store) DevicesOf(ctx context.Context, userID string) ([]auth.Device, error) {
	k, ok := deviceKey(auth.DeviceKey{UserID: userID, ID: "any"})
	if !ok {
		return nil, nil
	}
	query := &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :user AND begins_with(sk, :device)"),
		ExpressionAttributeValues: item{":user": text(k.pk), ":device": text(devicePrefix)},
	}
	return readAll(ctx, s, "list the user's devices", query, deviceFrom)
}

// EndDevices deletes in batches: 1 WRU for each device.
func (s *Store) EndDevices(ctx context.Context, userID string, ids ...string) error {
	const action = "forget the devices"
	if len(ids) == 0 {
		devices, err := s.DevicesOf(ctx, userID)
		if err != nil {
			return err
		}
		for _, d := range devices {
			ids = append(ids, d.ID)
		}
	}
	var keys []map[string]types.AttributeValue
	for _, id := range ids {
		if k, ok := deviceKey(auth.DeviceKey{UserID: userID, ID: id}); ok {
			keys = append(keys, k.item())
		}
	}
	return confirmed(action, s.deleteEvery(ctx, keys), nil)
}

// CountDevice is one conditional write. The tryId tells a second try of it, after a lost answer, from another attempt.
func (s *Store) CountDevice(ctx context.Context, device auth.DeviceKey, limit int64) error {
	const action = "count the attempt for the device"
	k, ok := deviceKey(device)
	if !ok {
		return auth.ErrConflict
	}
	id := auth.NewID()
	err := s.update(ctx, k, "SET tryId = :id ADD failures :one", "failures < :limit AND NOT tryId = :id",
		item{":id": text(id), ":one": number(1), ":limit": number(limit)})
	if counted(err, id) {
		return nil
	}
	return confirmed(action, err, auth.ErrConflict)
}

// UncountDevice is one conditional write, and at most one is taken off: see CountDevice.
func (s *Store) UncountDevice(ctx context.Context, device auth.DeviceKey) error {
	return s.updateDevice(ctx, "undo the attempt", device, "SET tryId = :id ADD failures :less", "failures > :none AND NOT tryId = :id",
		item{":id": text(auth.NewID()), ":less": number(-1), ":none": number(0)})
}

// UseDevice is one conditional write.
func (s *Store) UseDevice(ctx context.Context, device auth.DeviceKey, at time.Time) error {
	values := item{":none": number(0)}
	values.setTime(":at", at)
	return s.updateDevice(ctx, "use the device", device, "SET failures = :none, lastUsedAt = :at", "attribute_exists(pk)", values)
}

// updateDevice changes the device if the condition holds, and otherwise nothing.
func (s *Store) updateDevice(ctx context.Context, action string, device auth.DeviceKey, expression, condition string, values item) error {
	k, ok := deviceKey(device)
	if !ok {
		return nil
	}
	return confirmed(action, s.update(ctx, k, expression, condition, values), nil)
}

func deviceFrom(f *fields) auth.Device {
	return auth.Device{
		ID: strings.TrimPrefix(f.text("sk"), devicePrefix), UserID: strings.TrimPrefix(f.text("pk"), userPrefix),
		PasswordEpoch: f.number("passwordEpoch"), Failures: f.number("failures"), Source: f.text("source"),
		CreatedAt: f.time("createdAt"), LastUsedAt: f.time("lastUsedAt"), ExpiresAt: f.time("expiresAt"),
	}
}
