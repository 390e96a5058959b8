#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# precreate - podman calls the filter: the container gets node and rule of /dev/kvm from its runtime,
# without --device and without any other hook

load ../../root/lib

setup() {
	prepare
	need_kvm
	make_rootfs
	mkdir "$T/hooks.d"
	hook 5 "$(jq --arg vmcg "$VMCG" --arg policy "$POLICY" '
		.hook.path = $vmcg | .hook.args |= ["vmcg", "--policy", $policy] + .[1:]' \
		"$TOP/docs/examples/hooks.d/podman/vmcg-precreate.json")"
	RUNTIME=runc
}

teardown() {
	[ ! -e "$T/started" ] || podman rm --force --time 0 "$NAME" >/dev/null 2>&1 || true
	finish
}

# A root with a shell in it and nothing else.
make_rootfs() {
	local applet

	ROOTFS=$T/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,proc,sys,etc,run,tmp,var}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	for applet in sh sleep mknod stat true; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
}

# hook PLACE JSON: one more file of hooks.d; podman takes them in the order of their names.
hook() {
	echo "$2" >"$T/hooks.d/$1.json"
}

need_crun() {
	command -v crun >/dev/null || cannot "no crun on this host"
	[ "$(layout)" != hybrid ] || cannot "crun refuses hybrid hosts"
	RUNTIME=crun
}

# run OPTION... -- COMMAND...: a container, and what it says.
run_container() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	touch "$T/started"
	podman --runtime "$RUNTIME" --hooks-dir "$T/hooks.d" --events-backend none run --name "$NAME" --network none \
		--log-driver k8s-file "${options[@]}" --rootfs "$ROOTFS" "$@" </dev/null 3>&-
}

asked=(--annotation io.vmcg.enable=1)
# Opening what is not there would make a file of it.
open_kvm='[ -c /dev/kvm ] && true <>/dev/kvm && echo open'

# The node is there with the host's numbers, permissions and owner, and opens. Without the annotation it
# is not there, and one that the container makes does not open.
kvm_opens() {
	local got

	got=$(run_container --rm "${asked[@]}" -- sh -c "stat -c '%t %T %a %u %g' /dev/kvm; $open_kvm" 2>&1) ||
		fail "$got" || return
	[ "$got" = "$(stat -c '%t %T %a %u %g' /dev/kvm)"$'\nopen' ] || fail "with the filter: $got" || return
	got=$(run_container --rm --cap-add MKNOD -- sh -c '[ ! -e /dev/kvm ] && mknod /dev/mine c 10 232 && true <>/dev/mine' 2>&1) &&
		fail "without the filter it opens: $got" || true
	[[ $got = *"/dev/mine: Operation not permitted" ]] || fail "without the filter: $got"
}

@test "runc: /dev/kvm is there and opens" {
	kvm_opens
}

@test "crun: /dev/kvm is there and opens" {
	need_crun
	kvm_opens
}

@test "cgroupfs manager: /dev/kvm is there and opens" {
	asked+=(--cgroups enabled)
	podman() { command podman --cgroup-manager cgroupfs "$@"; }
	kvm_opens
}

# It outlives what builds the filter anew, since whoever builds it knows of the device.
outlives_reload() {
	run_container -d "${asked[@]}" -- sleep 1000
	[ "$(podman exec "$NAME" sh -c "$open_kvm")" = open ]
	systemctl daemon-reload
	[ "$(podman exec "$NAME" sh -c "$open_kvm")" = open ]
	podman rm --force --time 0 "$NAME"
}

@test "runc: /dev/kvm opens after daemon-reload, too" {
	outlives_reload
}

@test "crun: /dev/kvm opens after daemon-reload, too" {
	need_crun
	outlives_reload
}

@test "of podman's own config nothing else is changed" {
	tee=$(command -v tee)
	for place in 1 9; do
		hook $place "$(jq -n --arg tee "$tee" --arg file "$T/config.$place" '{version: "1.0.0", stages: ["precreate"],
			hook: {path: $tee, args: ["tee", $file]}, when: {always: true}}')"
	done
	run_container --rm "${asked[@]}" -- true
	"$VMCG" --policy "$POLICY" precreate <"$T/config.1" >"$T/filtered"
	jq -e '.linux.devices | any(.path == "/dev/kvm")' "$T/filtered"
	jq -e '.linux.resources.devices | any(.major == 10 and .minor == 232 and .allow)' "$T/filtered"
	# What podman passes on is the same document; without the additions, what it began with.
	diff <(jq -S . "$T/filtered") <(jq -S . "$T/config.9")
	diff <(jq --stream -c . "$T/config.1") <(jq --slurpfile before "$T/config.1" '
		$before[0] as $b
		| if $b.linux.devices then .linux.devices |= .[:$b.linux.devices | length] else del(.linux.devices) end
		| .linux.resources.devices |= .[:$b.linux.resources.devices | length]' "$T/filtered" | jq --stream -c .)
	"$VMCG" --policy "$POLICY" precreate <"$T/filtered" | cmp - "$T/filtered"
}

@test "--device /dev/kvm and the filter: one node, one rule" {
	hook 9 "$(jq -n --arg tee "$(command -v tee)" --arg file "$T/config" '{version: "1.0.0", stages: ["precreate"],
		hook: {path: $tee, args: ["tee", $file]}, when: {always: true}}')"
	[ "$(run_container --rm "${asked[@]}" --device /dev/kvm -- sh -c "$open_kvm")" = open ]
	jq -e '[.linux.devices[] | select(.path == "/dev/kvm")] | length == 1' "$T/config"
	jq -e '[.linux.resources.devices[] | select(.major == 10 and .minor == 232)] | length == 1' "$T/config"
}

@test "--privileged and the filter: everything opens, no rule is added" {
	hook 9 "$(jq -n --arg tee "$(command -v tee)" --arg file "$T/config" '{version: "1.0.0", stages: ["precreate"],
		hook: {path: $tee, args: ["tee", $file]}, when: {always: true}}')"
	[ "$(run_container --rm "${asked[@]}" --privileged -- sh -c "$open_kvm")" = open ]
	jq -e '[.linux.devices[].path] | length == (unique | length)' "$T/config"
	jq -e '[.linux.resources.devices[]? | select(.major == 10 and .minor == 232)] == []' "$T/config"
}

@test "a device that the policy requires and that is not here keeps the container from starting" {
	echo '{"devices": {"require": ["/dev/no-such-node"]}}' >"$POLICY"
	status=0
	run_container "${asked[@]}" -- true >"$T/out" 2>"$T/err" || status=$?
	[ "$status" -ne 0 ] || fail "it started"
	cat "$T/err"
	[[ $(<"$T/err") = *precreate* ]] || fail "podman does not say which hook it was: $(<"$T/err")"
}

@test "all hooks together: the filter first, then the group is adopted and taken down" {
	for stage in createRuntime poststart poststop; do
		hook "6-$stage" "$(jq --arg vmcg "$VMCG" --arg root "$ROOT" --arg policy "$POLICY" '
			.hook.path = $vmcg | .hook.args |= ["vmcg", "--root", $root, "--policy", $policy] + .[1:]' \
			"$TOP/docs/examples/hooks.d/vmcg-$stage.json")"
	done
	run_container -d "${asked[@]}" -- sleep 1000
	[ "$(podman exec "$NAME" sh -c "$open_kvm")" = open ]
	vmcg --format json list
	[ "$(jq -r '.[0].mode' "$T/out")" = adopt ] || fail "$(<"$T/out")" "$(<"$T/err")"
	podman rm --force --time 0 "$NAME"
	wait_until no_records
}

no_records() {
	[ -z "$(find "$ROOT" -name '*.json')" ]
}

# As the user of the guest, with what logind would give: a directory and nothing delegated.
as_user() {
	(cd / && setpriv --reuid user --regid user --init-groups env -i PATH="$PATH" HOME="$T/home" \
		XDG_RUNTIME_DIR="$T/xdg" "$@" </dev/null 3>&-)
}

@test "rootless: the user's container opens what the user may open" {
	id user >/dev/null 2>&1 || cannot "no user for rootless containers"
	need_crun
	mode=$(stat -c %a /dev/kvm)
	install -d -o user -g user -m 700 "$T/home" "$T/xdg"
	chmod 755 "$T" "$T"/../.. "$T"/.. 2>/dev/null || true
	chown -R user:user "$ROOTFS"
	chmod 666 /dev/kvm
	status=0
	as_user podman --runtime crun --cgroup-manager cgroupfs --hooks-dir "$T/hooks.d" --events-backend none run --rm \
		--name "$NAME" --network none --cgroups disabled --log-driver none "${asked[@]}" --rootfs "$ROOTFS" \
		sh -c "$open_kvm" >"$T/out" 2>"$T/err" || status=$?
	chmod "$mode" /dev/kvm
	cat "$T/out" "$T/err"
	[ "$status" -eq 0 ]
	[[ $(<"$T/out") = *open ]]
}
