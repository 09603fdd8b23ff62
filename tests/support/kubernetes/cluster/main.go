// The test bed's one program: a Kubernetes control plane, a node's programs, a client, a DNS server and a maker of volumes.
//
// It is called as `k8sbed COMPONENT ARGUMENT…`, or by a link that is named as the component.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const (
	program   = "k8sbed"
	exitUsage = 64
)

// Each runs until its component ends. They read os.Args themselves, as the components do.
var components = map[string]func(){
	"coredns":                 serveNames,
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { runCommand(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() { runCommand(controllers.NewControllerManagerCommand()) },
	"kube-proxy":              func() { runCommand(proxy.NewProxyCommand()) },
	"kube-scheduler":          func() { runCommand(scheduler.NewSchedulerCommand()) },
	"kubectl":                 runClient,
	"kubelet":                 func() { runCommand(kubelet.NewKubeletCommand(context.Background())) },
	"provisioner":             provisionVolumes,
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == program && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	component, found := components[name]
	if !found {
		names := []string{}
		for known := range components {
			names = append(names, known)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "%s: no component %q; there are: %s\n", program, name, strings.Join(names, ", "))
		os.Exit(exitUsage)
	}
	component()
}

func runCommand(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func runClient() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
