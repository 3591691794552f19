package state

func check(path string, newest int) error { return nil }
