package main

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
)

func TestASignalEndsACommandThatDoesNotEndByItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		signal []time.Duration // when each comes
		want   time.Duration   // when the program ends
	}{
		{"one", []time.Duration{0}, patience},
		{"a second one ends it at once", []time.Duration{0, time.Second}, time.Second},
		{"both at once", []time.Duration{time.Minute, 0}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, signals, told := time.Now(), make(chan os.Signal, 2), error(nil)
				go func() {
					for _, after := range tt.signal {
						time.Sleep(after)
						signals <- os.Interrupt
					}
				}()
				code := 0
				obey(signals, func(err error) { told = err }, func(c int) { code = c })
				if took := time.Since(began); code != failure.Interrupted || took != tt.want || !errors.Is(told, failure.ErrInterrupted) {
					t.Errorf("exit code %d after %v, told %v; want %d after %v", code, took, told, failure.Interrupted, tt.want)
				}
			})
		})
	}
}
