package bench_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/grpclog"
)

// The interop cases end the process when they fail. Here they panic instead, and
// interop_ext_test.go makes that one failed test.
func TestMain(m *testing.M) {
	grpclog.SetLoggerV2(panicLogger{})
	goleak.VerifyTestMain(m)
}

type panicLogger struct{}

func (panicLogger) Info(...any)             {}
func (panicLogger) Infoln(...any)           {}
func (panicLogger) Infof(string, ...any)    {}
func (panicLogger) Warning(...any)          {}
func (panicLogger) Warningln(...any)        {}
func (panicLogger) Warningf(string, ...any) {}
func (panicLogger) Error(...any)            {}
func (panicLogger) Errorln(...any)          {}
func (panicLogger) Errorf(string, ...any)   {}
func (panicLogger) Fatal(a ...any)          { panic(fmt.Sprint(a...)) }
func (panicLogger) Fatalln(a ...any)        { panic(fmt.Sprintln(a...)) }
func (panicLogger) Fatalf(f string, a ...any) {
	panic(fmt.Sprintf(f, a...))
}
func (panicLogger) V(int) bool { return false }
