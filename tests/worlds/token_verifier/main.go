// Verifies tokens as EKS does: one a line on standard input; the identity, or why not, a line on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

func main() {
	verifier := token.NewVerifier(os.Args[1], "aws", os.Args[2])
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	for lines.Scan() {
		identity, err := verifier.Verify(lines.Text())
		told := map[string]string{}
		if err != nil {
			told["error"] = err.Error()
		} else {
			told["arn"] = identity.ARN
		}
		out, _ := json.Marshal(told)
		fmt.Println(string(out))
	}
}
