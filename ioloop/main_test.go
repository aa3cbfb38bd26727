package ioloop_test

import (
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestMain(m *testing.M) { looptest.Main(m) }
