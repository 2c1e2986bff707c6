package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Operations of DynamoDB and Secrets Manager, as their header X-Amz-Target names them.
const (
	describeTable      = "DynamoDB_20120810.DescribeTable"
	describeTimeToLive = "DynamoDB_20120810.DescribeTimeToLive"
	describeBackups    = "DynamoDB_20120810.DescribeContinuousBackups"
	describeSecret     = "secretsmanager.DescribeSecret"
)

// lookTable checks what a table of another template, or one that was restored, may lack.
func lookTable(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	name := map[string]string{"TableName": s.Output("TableName")}
	if name["TableName"] == "" {
		return fault("Deploy the current template.", "the stack has no output TableName")
	}
	var table struct {
		Table struct{ DeletionProtectionEnabled bool }
	}
	var ttl struct {
		TimeToLiveDescription struct{ AttributeName, TimeToLiveStatus string }
	}
	var backups struct {
		ContinuousBackupsDescription struct {
			PointInTimeRecoveryDescription struct{ PointInTimeRecoveryStatus string }
		}
	}
	for operation, into := range map[string]any{describeTable: &table, describeTimeToLive: &ttl, describeBackups: &backups} {
		if err := s.target(ctx, "dynamodb", operation, name, into); err != nil {
			return cannot(err, "dynamodb:"+strings.TrimPrefix(operation, "DynamoDB_20120810."))
		}
	}
	const onlyOnce = "A restored table comes without it: docs/restore.md. "
	var found []Finding
	if t := ttl.TimeToLiveDescription; t.AttributeName != "ttl" || t.TimeToLiveStatus != "ENABLED" {
		found = append(found, fault(fmt.Sprintf("%saws dynamodb update-time-to-live --table-name %s --time-to-live-specification Enabled=true,AttributeName=ttl", onlyOnce, name["TableName"]),
			"expired sessions and counters stay forever: time to live is not on for the attribute ttl")...)
	}
	if backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != "ENABLED" {
		found = append(found, fault(fmt.Sprintf("%saws dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true", onlyOnce, name["TableName"]),
			"users cannot be restored: point-in-time recovery is off")...)
	}
	if !table.Table.DeletionProtectionEnabled {
		found = append(found, fault(fmt.Sprintf("%saws dynamodb update-table --table-name %s --deletion-protection-enabled", onlyOnce, name["TableName"]),
			"one call deletes all users: deletion protection is off")...)
	}
	return orOK(found, "time to live, point-in-time recovery and deletion protection are on")
}

// secret is what Secrets Manager says of the key ring without its value.
type secret struct {
	RotationEnabled    bool
	RotationLambdaARN  string
	RotationRules      struct{ AutomaticallyAfterDays int }
	LastRotatedDate    float64
	DeletedDate        float64
	VersionIdsToStages map[string][]string
}

func lookRotation(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	var ring secret
	if err := s.target(ctx, "secretsmanager", describeSecret, map[string]string{"SecretId": s.Output("SigningKeysArn")}, &ring); err != nil {
		return cannot(err, "secretsmanager:DescribeSecret")
	}
	days := s.Number("RotationDays")
	late := time.Duration(days+lateAfter) * 24 * time.Hour
	var found []Finding
	switch rotated := time.Unix(int64(ring.LastRotatedDate), 0); {
	case ring.DeletedDate > 0:
		return fault("aws secretsmanager restore-secret --secret-id "+s.Output("SigningKeysArn"), "the secret with the keys is going to be deleted")
	case !ring.RotationEnabled:
		return fault("Deploy the stack again: its resource RotationSchedule turns rotation on.", "rotation of the signing keys is off")
	case ring.LastRotatedDate == 0:
		found = fault("The first rotation failed: docs/operate.md#rotateerrors.", "the keys were never rotated")
	case days > 0 && time.Since(rotated) > late:
		found = fault("Rotation has stopped: docs/operate.md#rotateerrors.", "the last rotation was %s ago, and RotationDays is %d", count(int(time.Since(rotated).Hours()/24), "day"), days)
	}
	if ring.RotationRules.AutomaticallyAfterDays != days && days > 0 {
		found = append(found, warning("Deploy the stack again.", "the schedule has %d days, and RotationDays is %d", ring.RotationRules.AutomaticallyAfterDays, days)...)
	}
	if !strings.HasSuffix(ring.RotationLambdaARN, ":"+liveAlias) {
		found = append(found, fault("Deploy the stack again.", "the schedule does not call the alias %s of the rotate function", liveAlias)...)
	}
	for _, labels := range ring.VersionIdsToStages {
		if slices.Contains(labels, "AWSPENDING") && !slices.Contains(labels, "AWSCURRENT") {
			found = append(found, warning("If it is still there in an hour, see docs/keys.md#a-rotation-failed.", "a rotation has begun and is not finished")...)
		}
	}
	return orOK(found, "the keys rotate every %s", count(days, "day"))
}
