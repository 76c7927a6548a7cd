// Reads one YAML document on standard input by the parser named in the first argument and prints it as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	v3 "go.yaml.in/yaml/v3"
	k8s "sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	exit(err)
	if os.Args[1] == "sigs.k8s.io/yaml" {
		out, err := k8s.YAMLToJSONStrict(text)
		exit(err)
		os.Stdout.Write(out)
		return
	}
	var tree any
	exit(v3.Unmarshal(text, &tree))
	exit(json.NewEncoder(os.Stdout).Encode(tree))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
