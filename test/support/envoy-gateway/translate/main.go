// `egctl x translate` of Envoy Gateway, with a cache of Wasm modules: the command as it is has none, and refuses every policy with
// a module. build.mjs puts this file into the sources of Envoy Gateway, beside a copy of that command.
package main

import (
	"fmt"
	"os"

	"github.com/envoyproxy/gateway/internal/cmd/sluice"
)

func main() {
	if err := sluice.Command(os.Args[1]).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
