package control_test

import (
	"encoding/json"
	"testing"

	"google.golang.org/grpc/codes"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// device requests a device code and returns it with its user code.
func (f fixture) device(t *testing.T) (code, userCode string) {
	t.Helper()
	_, body := f.post(t, f.server.HTTPURL()+"/oauth2/device_authorization", "client_id", mockserver.PublicClientID, "scope", "all")
	var answer struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.DeviceCode == "" {
		t.Fatalf("no device code: %v", err)
	}
	return answer.DeviceCode, answer.UserCode
}

func TestDevicesAreApprovedAndDenied(t *testing.T) {
	t.Parallel()
	f := start(t)
	first, firstUser := f.device(t)
	second, secondUser := f.device(t)
	devices := ok[*mockpb.ListDevicesResponse](t)(f.control.ListDevices(with(t), &mockpb.ListDevicesRequest{})).GetDevices()
	if len(devices) != 2 || devices[0].GetUserCode() != firstUser || devices[1].GetUserCode() != secondUser ||
		devices[0].GetClientId() != mockserver.PublicClientID || devices[0].GetScopes()[0] != "all" || !devices[0].GetExpiry().AsTime().After(f.server.Now()) {
		t.Errorf("devices %v", devices)
	}
	ok[*mockpb.ApproveDeviceResponse](t)(f.control.ApproveDevice(with(t), &mockpb.ApproveDeviceRequest{UserCode: firstUser}))
	ok[*mockpb.DenyDeviceResponse](t)(f.control.DenyDevice(with(t), &mockpb.DenyDeviceRequest{UserCode: secondUser}))
	for code, want := range map[string]int{first: 200, second: 400} {
		status, _ := f.post(t, f.server.TokenURL(), "grant_type", deviceGrant, "client_id", mockserver.PublicClientID, "device_code", code)
		if status != want {
			t.Errorf("the device gets %d, want %d", status, want)
		}
	}
}

func TestUnknownDevicesAndUsersAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, userCode := f.device(t)
	_, approve := f.control.ApproveDevice(with(t), &mockpb.ApproveDeviceRequest{UserCode: "NO-SUCH"})
	_, deny := f.control.DenyDevice(with(t), &mockpb.DenyDeviceRequest{UserCode: "NO-SUCH"})
	for _, err := range []error{approve, deny} {
		wantRefusal(t, err, codes.NotFound, control.ReasonUnknownDevice, "ListDevices")
	}
	_, stranger := f.control.ApproveDevice(with(t), &mockpb.ApproveDeviceRequest{UserCode: userCode, Login: "stranger"})
	wantRefusal(t, stranger, codes.NotFound, control.ReasonUnknownUser, "account")
}
