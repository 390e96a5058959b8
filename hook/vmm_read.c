/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm_read - a process that may be a hypervisor, looked at
 *
 * Its descriptors say whether it holds a VM, and how many vCPUs; where they may
 * not be looked at, or the VM is no KVM VM, the names of the threads do.
 */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "hook/sysfile.h"
#include "hook/vmm.h"

/* KVM calls a vCPU's descriptor kvm-vcpu:N, before Linux 4.16 kvm-vcpu; not kvm-vcpu-stats:N. */
static bool is_vcpu(const char *link)
{
	static const char vcpu[] = "anon_inode:kvm-vcpu";

	return strncmp(link, vcpu, strlen(vcpu)) == 0 &&
	       (link[strlen(vcpu)] == ':' || link[strlen(vcpu)] == '\0');
}

static void look_at_descriptors(struct vmm *v, struct arena *a, int64_t pid)
{
	const struct dirent *entry;
	char link[64];
	DIR *dir;

	dir = opendir(arena_printf(a, "/proc/%lld/fd", (long long)pid));
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		ssize_t n;

		n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		v->kvm |= strcmp(link, "anon_inode:kvm-vm") == 0;
		v->vcpus += is_vcpu(link);
	}
	closedir(dir);
}

static void look_at_threads(struct vmm *v, struct arena *a, int64_t pid)
{
	const struct dirent *entry;
	const char *task = arena_printf(a, "/proc/%lld/task", (long long)pid), *comm;
	uint64_t by_name = 0;
	DIR *dir;

	dir = opendir(task);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		v->threads++;
		if (sysfile_read_line(&comm, a, arena_printf(a, "%s/%s/comm", task, entry->d_name)))
			continue;
		by_name += vmm_is_vcpu(comm);
		if (!v->name)
			v->name = vmm_by_thread(comm);
	}
	closedir(dir);
	if (!v->vcpus)
		v->vcpus = by_name;
}

void vmm_look(struct vmm *ret, struct arena *a, int64_t pid, const char *comm)
{
	struct vmm v = {0};

	look_at_descriptors(&v, a, pid);
	v.name = vmm_name(comm, v.kvm);
	look_at_threads(&v, a, pid);
	*ret = v;
}
