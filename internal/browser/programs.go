package browser

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"strings"
	"unicode/utf16"
)

// programs are the command lines to try, in order, for a checked address.
func (l Launcher) programs(address string) [][]string {
	all := l.chosen(l.getenv("BROWSER"), address)
	switch l.goos() {
	case "darwin":
		return append(all, []string{"open", address})
	case "windows":
		return append(all, []string{"rundll32.exe", "url.dll,FileProtocolHandler", address})
	default:
		if l.underWSL() {
			all = append(all, []string{"wslview", address}, powershell(address))
		}
		return append(all, []string{"xdg-open", address}, []string{"x-www-browser", address})
	}
}

// powershell reaches Windows from WSL. The command is encoded, so that no quoting
// on the way can change it; a checked address holds no quote.
func powershell(address string) []string {
	var script []byte
	for _, unit := range utf16.Encode([]rune("Start-Process '" + address + "'")) {
		script = binary.LittleEndian.AppendUint16(script, unit)
	}
	return []string{"powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand", base64.StdEncoding.EncodeToString(script)}
}

func (l Launcher) underWSL() bool {
	if l.WSL != nil {
		return l.WSL()
	}
	return UnderWSL(l.getenv)
}

// UnderWSL reports whether this is the Windows Subsystem for Linux.
func UnderWSL(getenv func(string) string) bool {
	if getenv("WSL_DISTRO_NAME") != "" || getenv("WSL_INTEROP") != "" {
		return true
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return err == nil && strings.Contains(strings.ToLower(string(release)), "microsoft")
}
