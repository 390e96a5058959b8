/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm - which hypervisor a process is, for people
 *
 * Names of processes and of their threads, as the hypervisors of this world
 * give them: a guess that is good enough to print, and that nothing else is
 * built on. Pure, but for vmm_look (vmm_read.c).
 */
#ifndef VMCG_HOOK_VMM_H
#define VMCG_HOOK_VMM_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/arena.h"

struct vmm {
	const char *name; /* "QEMU"; NULL: not recognised */
	bool kvm;         /* holds a KVM VM */
	uint64_t threads; /* 0: could not be counted */
	uint64_t vcpus;   /* 0: none, or it cannot be seen */
};

/* The hypervisor by the name of its process, which the kernel cuts after 15 characters; NULL:
 * none that is known. Some names mean one only when the process holds a VM (kvm). */
const char *vmm_name(const char *comm, bool kvm);

/* Is it the name that a hypervisor gives a vCPU's thread? */
bool vmm_is_vcpu(const char *thread);

/* The hypervisor whose vCPU threads have such a name; NULL: it tells nothing. */
const char *vmm_by_thread(const char *thread);

/* Look at a running process: descriptors and threads. comm is its name. */
void vmm_look(struct vmm *ret, struct arena *a, int64_t pid, const char *comm);

#endif
