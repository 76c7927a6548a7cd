// Reads a module of Terraform in JSON on standard input, as OpenTofu and Terraform do: expressions by HCL's own parser.
// Prints what each expression refers to, and each text that is none, as HCL evaluates it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Reference is where an expression stands, and the first names of what it refers to.
type Reference struct {
	At string   `json:"at"`
	To []string `json:"to"`
}

// Read is all that was read: declared addresses, references, and what texts evaluate to.
type Read struct {
	Declared   []string                   `json:"declared"`
	References []Reference                `json:"references"`
	Values     map[string]json.RawMessage `json:"values"`
}

var blocks = hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"}, {Type: "provider", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "ephemeral", LabelNames: []string{"type", "name"}},
	{Type: "output", LabelNames: []string{"name"}},
}}

func main() {
	text, err := io.ReadAll(os.Stdin)
	exit(err)
	file, problems := hcljson.Parse(text, "main.tf.json")
	refuse(problems)
	content, problems := file.Body.Content(&blocks)
	refuse(problems)
	read := Read{Values: map[string]json.RawMessage{}}
	for _, block := range content.Blocks {
		address := strings.Join(append([]string{block.Type}, block.Labels...), ".")
		read.Declared = append(read.Declared, address)
		attributes, problems := block.Body.JustAttributes()
		refuse(problems)
		for name, attribute := range attributes {
			at := address + "." + name
			if variables := attribute.Expr.Variables(); len(variables) > 0 {
				reference := Reference{At: at}
				for _, variable := range variables {
					reference.To = append(reference.To, address_of(variable))
				}
				read.References = append(read.References, reference)
				continue
			}
			value, problems := attribute.Expr.Value(&hcl.EvalContext{}) // nil would leave templates as they are
			refuse(problems)
			read.Values[at], err = ctyjson.Marshal(value, cty.DynamicPseudoType)
			exit(err)
		}
	}
	exit(json.NewEncoder(os.Stdout).Encode(read))
}

// address_of is `resource.TYPE.NAME`, or of an ephemeral resource `ephemeral.TYPE.NAME`.
func address_of(variable hcl.Traversal) string {
	names := []string{variable.RootName()}
	for _, step := range variable[1:] {
		if attribute, is := step.(hcl.TraverseAttr); is {
			names = append(names, attribute.Name)
		}
	}
	if names[0] != "ephemeral" {
		names = append([]string{"resource"}, names...)
	}
	return strings.Join(names[:3], ".")
}

func refuse(problems hcl.Diagnostics) {
	if problems.HasErrors() {
		exit(problems)
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
