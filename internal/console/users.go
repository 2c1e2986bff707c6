package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"latchkey/internal/admin"
	"latchkey/internal/admin/bulk"
	"latchkey/internal/auth"
	"latchkey/internal/userfile"
	"latchkey/internal/web"
)

// The most that one call shows or imports: a page is for looking, the command line for many.
const (
	maxListed   = 100
	maxImported = 1 << 20 // bytes
	maxReasons  = 20
)

type userLine struct {
	ID      string      `json:"id"`
	Email   string      `json:"email"`
	Status  auth.Status `json:"status"`
	Role    string      `json:"role"`
	Factors int         `json:"factors"`
}

// users lists the users whose id, address, role or status contains the text.
func (s *console) users(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		Text string `json:"text"`
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	found, more := []userLine{}, false
	err := s.Admin.WithStore(r.Context(), func(store admin.Store) error {
		for u, err := range store.AllUsers(r.Context()) {
			if err != nil {
				return fmt.Errorf("list the users: %w", err)
			}
			if !strings.Contains(strings.ToLower(strings.Join([]string{u.ID, u.Email, u.Role, string(u.Status)}, " ")), strings.ToLower(asked.Text)) {
				continue
			}
			if more = len(found) == maxListed; more {
				break
			}
			found = append(found, userLine{u.ID, u.Email, u.Status, u.Role, len(u.Factors.TOTP) + len(u.Factors.Passkeys)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b userLine) int { return strings.Compare(a.Email, b.Email) })
	return web.WriteJSON(w, http.StatusOK, struct {
		Users []userLine `json:"users"`
		More  bool       `json:"more"`
	}{found, more})
}

// user shows what may be shown of one user.
func (s *console) user(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		ID string `json:"id"`
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	facts, err := s.Admin.ShowUser(r.Context(), asked.ID)
	if err != nil {
		return explain(err)
	}
	factors, err := s.Admin.Factors(r.Context(), asked.ID)
	if err != nil {
		return explain(err)
	}
	sessions, err := s.Admin.Sessions(r.Context(), asked.ID)
	if err != nil {
		return explain(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		admin.UserFacts
		admin.FactorFacts
		Sessions int `json:"sessions"`
	}{facts, factors, len(sessions)})
}

// userChanges are what an operator may do to one user, by the name that the page sends.
func (s *console) userChanges() map[string]func(ctx context.Context, id string) error {
	return map[string]func(context.Context, string) error{
		"enable":  func(ctx context.Context, id string) error { _, err := s.Admin.EnableUser(ctx, id); return err },
		"disable": func(ctx context.Context, id string) error { _, err := s.Admin.DisableUser(ctx, id); return err },
		"unlock":  s.Admin.Unlock,
		"sign out": func(ctx context.Context, id string) error {
			_, _, err := s.Admin.SignOut(ctx, id)
			return err
		},
		"reset factors": func(ctx context.Context, id string) error {
			_, _, err := s.Admin.ResetFactors(ctx, id)
			return err
		},
		"delete": func(ctx context.Context, id string) error {
			_, err := s.Admin.DeleteUser(ctx, id, func(auth.User) error { return nil }) // the page has asked
			return err
		},
	}
}

// changeUser does one of userChanges, or replaces members as `users update --json` does.
func (s *console) changeUser(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		ID      string `json:"id"`
		Change  string `json:"change"`
		Members string `json:"members"` // a JSON object, for the change "members"
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	change, known := s.userChanges()[asked.Change]
	if asked.Change == "members" {
		known, change = true, func(ctx context.Context, id string) error {
			_, _, err := s.Admin.UpdateUser(ctx, id, false, func(u auth.User) (auth.User, error) { return userfile.Patch(u, []byte(asked.Members)) })
			return err
		}
	}
	if !known {
		return fmt.Errorf("%w: no such change", web.ErrBody)
	}
	if err := change(r.Context(), asked.ID); err != nil {
		return explain(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct{}{})
}

// importUsers takes JSON Lines, as `users import` does. With ?update=true, lines replace stored users.
func (s *console) importUsers(w http.ResponseWriter, r *http.Request) error {
	reasons := []string{}
	i := bulk.Import{
		Hasher: s.Hasher, NewHashes: s.Hasher.Describe(), Update: r.URL.Query().Get("update") == "true", Now: s.Now,
		Progress: func(int64, int) {},
		Refused: func(line int, why error) {
			if len(reasons) < maxReasons {
				reasons = append(reasons, fmt.Sprintf("line %d: %v", line, why))
			}
		},
	}
	counts, err := bulk.ImportUsers(r.Context(), s.Admin, i, http.MaxBytesReader(w, r.Body, maxImported))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = fmt.Errorf("more than %d bytes: use 'latchkey users import'", maxImported)
	}
	if err != nil {
		return explain(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		bulk.Counts
		Reasons []string `json:"reasons"`
	}{counts, reasons})
}
