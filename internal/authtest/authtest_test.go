package authtest_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func TestClockStandsStillUntilMoved(t *testing.T) {
	clock := authtest.NewClock()
	if got := clock.Now(); got != authtest.Start() || got != clock.Now() {
		t.Errorf("a new clock shows %v and then %v, want %v", got, clock.Now(), authtest.Start())
	}
	clock.Advance(90 * time.Minute)
	clock.Advance(-30 * time.Minute)
	if got, want := clock.Now(), authtest.Start().Add(time.Hour); got != want {
		t.Errorf("after an hour it shows %v, want %v", got, want)
	}
}

func TestClockIsSafeForConcurrentUse(t *testing.T) {
	clock := authtest.NewClock()
	var moving sync.WaitGroup
	for range 100 {
		moving.Go(func() { clock.Advance(time.Second); clock.Now() })
	}
	moving.Wait()
	if got, want := clock.Now(), authtest.Start().Add(100*time.Second); got != want {
		t.Errorf("after 100 moves of a second it shows %v, want %v", got, want)
	}
}

func TestUsersAreValid(t *testing.T) {
	for _, u := range []auth.User{authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan()} {
		if err := u.Validate(); err != nil {
			t.Errorf("%s: %v", u.ID, err)
		}
	}
}

func TestFilledLeavesNothingZero(t *testing.T) {
	for _, v := range []any{authtest.Filled[auth.User](), authtest.Filled[auth.Session](), authtest.Filled[auth.Client]()} {
		noZero(t, reflect.ValueOf(v), reflect.TypeOf(v).Name())
	}
}

// noZero looks into structs and slices, except those with unexported fields.
func noZero(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if v.IsZero() {
		t.Errorf("%s is zero", path)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i, field := range reflect.VisibleFields(v.Type()) {
			if field.IsExported() {
				noZero(t, v.Field(i), path+"."+field.Name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			noZero(t, v.Index(i), path)
		}
	}
}
