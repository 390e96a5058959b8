/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_library - libsystemd, loaded when it is needed
 *
 * Linking it would cost every start of vmcg about as much as all the rest of it.
 * It stays until the process ends, which is soon: to unmap it is work for nothing.
 */
#include "hook/systemd_work.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define ROW(name) {#name, offsetof(struct systemd_library, name)},

static const struct {
	const char *name;
	size_t at;
} functions[] = {SYSTEMD_FUNCTIONS(ROW)};

int systemd_library_load(struct systemd_library *ret, const char *name, struct error *e)
{
	struct systemd_library l = {0};

	l.handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
	if (!l.handle)
		return error_set(e, ERROR_HOST,
				 "the systemd manager needs libsystemd, which cannot be loaded: "
				 "%s; install the package libsystemd0 (Debian, Ubuntu), "
				 "systemd-libs (Fedora, RHEL, Arch) or libsystemd0 (SUSE), or "
				 "use --cgroup-manager cgroupfs",
				 dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *symbol = dlsym(l.handle, functions[i].name);

		if (!symbol) {
			dlclose(l.handle);
			return error_set(e, ERROR_HOST,
					 "%s has no function %s: the systemd manager needs the "
					 "libsystemd of systemd 239 or newer; upgrade the package "
					 "libsystemd0 (systemd-libs on Fedora, RHEL, Arch), or use "
					 "--cgroup-manager cgroupfs",
					 name, functions[i].name);
		}
		memcpy((char *)&l + functions[i].at, &symbol, sizeof(symbol));
	}
	*ret = l;
	return 0;
}
