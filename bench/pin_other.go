//go:build !linux

package main

import "errors"

func pinned(string, []string) error { return errors.New("the limits need epoll, and so Linux") }
