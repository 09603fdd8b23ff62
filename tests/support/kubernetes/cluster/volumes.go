package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisionerName is what storage classes call this program.
const provisionerName = "k8sbed.local/dir"

// refuseParameter of a storage class makes every volume of it fail, with the parameter's value as the reason.
const refuseParameter = "refuse"

// folderProvisioner makes each volume a folder below its root, on the one node there is.
type folderProvisioner struct{ root string }

// Provision makes the folder of a claim that a pod waits for. The volume is tied to that pod's node, as a disk would be.
func (provisioner *folderProvisioner) Provision(_ context.Context, asked controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	if reason := asked.StorageClass.Parameters[refuseParameter]; reason != "" {
		return nil, controller.ProvisioningFinished, fmt.Errorf("%s", reason)
	}
	if asked.PVC.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("a claim with a selector gets no volume here")
	}
	if asked.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, fmt.Errorf("the storage class must have volumeBindingMode WaitForFirstConsumer")
	}
	folder := filepath.Join(provisioner.root, asked.PVName+"_"+asked.PVC.Namespace+"_"+asked.PVC.Name)
	if err := makeFolder(folder); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return volumeOf(folder, asked), controller.ProvisioningFinished, nil
}

// makeFolder leaves the folder open to every user, as a new disk's root is before fsGroup is applied.
func makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	return os.Chmod(folder, 0o777)
}

func volumeOf(folder string, asked controller.ProvisionOptions) *core.PersistentVolume {
	onNode := core.NodeSelectorRequirement{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{asked.SelectedNodeName}}
	size := asked.PVC.Spec.Resources.Requests[core.ResourceStorage]
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: asked.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *asked.StorageClass.ReclaimPolicy,
			AccessModes:                   asked.PVC.Spec.AccessModes,
			MountOptions:                  asked.StorageClass.MountOptions,
			Capacity:                      core.ResourceList{core.ResourceStorage: size},
			// The kubelet applies fsGroup to local volumes, as it does to those of real drivers, and not to those of hostPath.
			PersistentVolumeSource: core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: folder}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{onNode}}},
			}},
		},
	}
}

// Delete removes the folder of a volume of ours. Any other volume is left to whoever made it.
func (provisioner *folderProvisioner) Delete(_ context.Context, volume *core.PersistentVolume) error {
	local := volume.Spec.Local
	if local == nil || filepath.Dir(local.Path) != filepath.Clean(provisioner.root) {
		return &controller.IgnoredError{Reason: "not a folder of this provisioner"}
	}
	return os.RemoveAll(local.Path)
}

// provisionVolumes is `provisioner --kubeconfig FILE --root FOLDER`.
func provisionVolumes() {
	flags := flag.NewFlagSet("provisioner", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how the API server is reached")
	root := flags.String("root", "", "where the volumes' folders are made")
	_ = flags.Parse(os.Args[1:]) // ends the process itself if it fails
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx := context.Background()
	client := kubernetes.NewForConfigOrDie(config)
	made := controller.NewProvisionController(ctx, client, provisionerName, &folderProvisioner{*root}, controller.LeaderElection(false))
	made.Run(ctx)
}
