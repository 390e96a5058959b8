#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# poststart - the VM that setup could not find: who is moved, who never is, where each goes back
# to, and what a move that fails half way leaves

load lib

setup() {
	prepare
}

teardown() {
	finish
}

# home PID NAME: give a process a group of its own, where it came from.
home() {
	local mount

	make_group "/$NAME-$2"
	for mount in $(hierarchies); do
		echo "$1" >"$mount/$NAME-$2/cgroup.procs"
	done
}

@test "neither the runtime's init nor the VM that setup placed is moved" {
	for init_is in --late ''; do
		# shellcheck disable=SC2086 # no option, or one
		start_vm $init_is
		init=$VM
		home "$init" runtime
		start_vm
		vm=$VM
		config_json
		hook createRuntime "$init" --mode own --vm-pid "$vm"
		expect 0
		before=$(snapshot_host)
		record=$(record .)
		hook poststart "$init"
		expect 0
		unchanged "$before"
		[ "$(record .)" = "$record" ]
		sits_in "$init" "/$NAME-runtime"
		sits_in "$vm" "$CG"
		poststop
		expect 0
		sits_in "$init" "/$NAME-runtime"
	done
}

@test "the launcher that setup placed and the VM of --vm-pid go back to where each came from" {
	start_vm --late
	launcher=$VM
	home "$launcher" launcher
	start_vm
	vm=$VM
	home "$vm" vm
	config_json
	hook createRuntime "$launcher"
	expect 0
	sits_in "$launcher" "$CG"
	hook poststart "$launcher" --vm-pid "$vm"
	expect 0
	sits_in "$launcher" "$CG"
	sits_in "$vm" "$CG"
	[ "$(record .vm.pid)" = "$vm" ]
	vmcg destroy "$ID"
	expect 0
	sits_in "$launcher" "/$NAME-launcher"
	sits_in "$vm" "/$NAME-vm"
}

@test "the same in a group that was there" {
	start_vm --late
	launcher=$VM
	home "$launcher" launcher
	start_vm
	vm=$VM
	home "$vm" vm
	make_group "$CG"
	config_json
	hook createRuntime "$launcher"
	expect 0
	hook poststart "$launcher" --vm-pid "$vm"
	expect 0
	sits_in "$launcher" "$CG"
	sits_in "$vm" "$CG"
	vmcg destroy "$ID"
	expect 0
	sits_in "$launcher" "/$NAME-launcher"
	sits_in "$vm" "/$NAME-vm"
}

@test "the VM that setup placed, and the one that poststart names, in a group of the runtime's" {
	start_vm
	init=$VM
	make_group "$CG"
	for mount in $(hierarchies); do
		echo "$init" >"$mount$CG/cgroup.procs"
	done
	start_vm
	first=$VM
	home "$first" first
	start_vm
	second=$VM
	home "$second" second
	config_json
	hook createRuntime "$init" --vm-pid "$first"
	expect 0
	[ "$(record .mode)" = adopt ]
	sits_in "$first" "$CG"
	hook poststart "$init" --vm-pid "$second"
	expect 0
	sits_in "$second" "$CG"
	[ "$(record .vm.pid)" = "$second" ]
	[ "$(record '.added[].pid')" = "$first" ]
	poststop
	expect 0
	sits_in "$init" "$CG"
	sits_in "$first" "/$NAME-first"
	sits_in "$second" "/$NAME-second"
}

@test "the launcher and its child with a KVM VM go back to where each came from" {
	need_kvm
	start_family
	home "$INIT" launcher
	home "$VM" vm
	config_json
	hook createRuntime "$INIT"
	expect 0
	sits_in "$INIT" "$CG"
	sits_in "$VM" "/$NAME-vm"
	[[ $(ask vm) = "vcpu "* ]]
	hook poststart "$INIT"
	expect 0
	sits_in "$VM" "$CG"
	vmcg destroy "$ID"
	expect 0
	sits_in "$INIT" "/$NAME-launcher"
	sits_in "$VM" "/$NAME-vm"
}

@test "a fault at any step takes the VM back in every hierarchy" {
	need_test_build
	need_controller cpuset
	start_family
	home "$VM" vm
	# A cpuset makes for a step after the moves: the affinity.
	limits '.cpu.cpus = "0"'
	hook createRuntime "$INIT" --vm-pid-file "$T/pid"
	expect 0
	echo "$VM" >"$T/pid"
	n=$(record '.steps | length')
	hook poststart "$INIT" --vm-pid-file "$T/pid" --dry-run
	expect 0
	late=$(wc -l <"$T/out")
	[ "$late" -ge 2 ]
	before=$(snapshot_host)
	for ((k = 1; k <= late; k++)); do
		VMCG=$VMCG_TEST VMCG_FAULT=$k:28 hook poststart "$INIT" --vm-pid-file "$T/pid"
		expect 5 "step $k: fault on purpose" "everything was undone" || fail "step $k"
		sits_in "$VM" "/$NAME-vm"
		unchanged "$before"
		[ "$(record '.steps | length')" -eq "$n" ]
	done
	hook poststart "$INIT" --vm-pid-file "$T/pid"
	expect 0
	sits_in "$VM" "$CG"
	poststop
	expect 0
	sits_in "$VM" "/$NAME-vm"
}
