/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm - which hypervisor a process is, for people
 */
#include "hook/vmm.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The first row that fits: names before beginnings of names. */
static const struct {
	const char *comm, *name;
	bool whole; /* the name is just this */
	bool kvm;   /* and the process holds a VM: others have that name as well */
} processes[] = {
    {"kvm", "QEMU", true, false},
    {"qemu-img", NULL, false, false},
    {"qemu-nbd", NULL, false, false},
    {"qemu-storage-da", NULL, false, false},
    {"qemu-ga", NULL, false, false},
    {"qemu", "QEMU", false, false},
    {"cloud-hyperviso", "cloud-hypervisor", true, false},
    {"firecracker", "Firecracker", false, false},
    {"crosvm", "crosvm", false, false},
    {"krun", "libkrun", false, false},
    {"libkrun", "libkrun", false, false},
    {"[libcrun:krun]", "libkrun", true, false},
    {"dragonball", "Dragonball", false, false},
    {"containerd-shim", "Dragonball", true, true}, /* Kata's shim with its own VMM */
    {"stratovirt", "StratoVirt", false, false},
    {"lkvm", "kvmtool", true, false},
    {"openvmm", "OpenVMM", true, false},
    {"VBoxHeadless", "VirtualBox", true, false},
};

const char *vmm_name(const char *comm, bool kvm)
{
	for (size_t i = 0; comm && i < COUNT(processes); i++) {
		const char *want = processes[i].comm;

		if ((processes[i].whole ? strcmp(comm, want) : strncmp(comm, want, strlen(want))) ||
		    (processes[i].kvm && !kvm))
			continue;
		return processes[i].name;
	}
	return NULL;
}

/* What stands around the vCPU's number. libkrun took Firecracker's names. */
static const struct {
	const char *before, *after, *name;
} threads[] = {
    {"CPU ", "/KVM", "QEMU"},      {"CPU ", "/TCG", "QEMU"},      {"fc_vcpu ", "", "libkrun"},
    {"db_vcpu", "", "Dragonball"}, {"crosvm_vcpu", "", "crosvm"}, {"vcpu", "", NULL},
};

static bool has_form(const char *thread, const char *before, const char *after)
{
	size_t n = strlen(before), digits;

	if (strncmp(thread, before, n) != 0)
		return false;
	digits = strspn(thread + n, "0123456789");
	return digits && strcmp(thread + n + digits, after) == 0;
}

bool vmm_is_vcpu(const char *thread)
{
	for (size_t i = 0; i < COUNT(threads); i++)
		if (has_form(thread, threads[i].before, threads[i].after))
			return true;
	return false;
}

const char *vmm_by_thread(const char *thread)
{
	for (size_t i = 0; i < COUNT(threads); i++)
		if (has_form(thread, threads[i].before, threads[i].after))
			return threads[i].name;
	return NULL;
}
