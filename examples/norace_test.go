//go:build !race

package examples

// raceDetector says that the examples are to be built as this test is.
const raceDetector = false
