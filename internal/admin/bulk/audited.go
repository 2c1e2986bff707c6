package bulk

import (
	"context"
	"io"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

// ImportUsers runs the import over the admin's store and leaves one audit record.
func ImportUsers(ctx context.Context, a *admin.Admin, i Import, in io.Reader) (counts Counts, err error) {
	err = a.Audited(ctx, auth.EventUserImport, func(record *auth.AuditRecord) error {
		return a.WithNewStore(ctx, func(store admin.Store) error {
			i.Store = store
			i.Ended = func(ctx context.Context, u auth.User) error { return a.ForgetSources(ctx, store, u) }
			counts, err = i.Run(ctx, in)
			record.Added, record.Updated, record.Refused, record.Unchanged = counts.Added, counts.Updated, counts.Refused, counts.Unchanged
			return err
		})
	})
	return counts, err
}

// ExportUsers runs the export over the admin's store and leaves one audit record, after output has done all that makes
// the export's output last.
func ExportUsers(ctx context.Context, a *admin.Admin, e Export, output func(write func(io.Writer) error) error) (counts ExportCounts, err error) {
	err = a.Audited(ctx, auth.EventUserExport, func(record *auth.AuditRecord) error {
		record.OpenFactors = e.Factors == OpenFactors
		return a.WithStore(ctx, func(store admin.Store) error {
			e.Users = store.AllUsers(ctx)
			err := output(func(to io.Writer) (err error) {
				counts, err = e.Run(ctx, to)
				return err
			})
			record.Exported = counts.Exported
			return err
		})
	})
	return counts, err
}
