"""Each GPU of a host whose commit uses GPUs: the driver, its health, its links, how it is set up.

Fails where a GPU cannot be relied on; what one can live with is a note, and what a board or a
driver does not tell is skipped and said. GPUs that the plan does not use fail nothing.
"""

from functools import partial

import pytest

from checks.fleet import Fleet
from checks.gpu_fixtures import holders
from checks.gpus import configuration, driver, heat, links, memory, recovery, xids
from checks.gpus.concluding import Note, conclude, judge
from checks.gpus.findings import Examined


def check_the_nvidia_driver_answers(examined: Examined, record_property: Note) -> None:
    """NVML starts and ends within its time; everything else here is asked through it."""
    found = list(driver.answers(examined.health.refused))
    conclude(found, "the driver answers nothing", record_property, examined.health.remarks)


def check_driver_and_libraries_are_of_one_version(
    examined: Examined, record_property: Note
) -> None:
    """The kernel's module and the files of its libraries."""
    conclude(driver.versions(examined), "the driver does not fit its libraries", record_property)


def check_every_planned_gpu_is_there(examined: Examined, record_property: Note) -> None:
    """By UUID; the PCI bus tells a card that is out from one that does not start."""
    if examined.health.refused is not None:
        pytest.skip(f"the driver answers nothing: {examined.health.refused.said}")
    conclude(driver.missing(examined), "planned and not there", record_property)


def check_no_gpu_is_lost(examined: Examined, record_property: Note) -> None:
    """One that answers nothing more; every other check of it is skipped."""
    judge(examined, recovery.lost, "lost", record_property)


def check_no_gpu_waits_for_a_recovery(examined: Examined, record_property: Note) -> None:
    """The driver's own verdict."""
    judge(examined, recovery.recovery_action, "wait for a recovery", record_property)


def check_the_kernel_log_has_no_gpu_errors(examined: Examined, record_property: Note) -> None:
    """XIDs of the last day."""
    refused = examined.health.log.get("refused")
    if refused:
        pytest.skip(f"the kernel's log cannot be read (it may need root): {refused}")
    conclude(xids.logged(examined), "in the kernel's log of a day", record_property)


def check_no_memory_error_is_left_uncorrected(examined: Examined, record_property: Note) -> None:
    """By ECC, since the driver was loaded."""
    judge(examined, memory.errors, "memory errors", record_property)


def check_every_failing_memory_row_is_replaced(examined: Examined, record_property: Note) -> None:
    """Spare rows, from Ampere on."""
    judge(examined, memory.remapped_rows, "failing rows of memory", record_property)


def check_few_memory_pages_are_retired(examined: Examined, record_property: Note) -> None:
    """Retired pages, before Ampere."""
    judge(examined, memory.retired_pages, "failing pages of memory", record_property)


def check_each_inforom_is_intact(examined: Examined, record_property: Note) -> None:
    """The board's own settings and counts."""
    judge(examined, recovery.inforom, "infoROM", record_property)


def check_nothing_slows_a_gpu_down(examined: Examined, record_property: Note) -> None:
    """In most of several looks: heat, power, or what nobody knows."""
    judge(examined, heat.throttled, "slowed down", record_property)


def check_no_gpu_is_too_hot(examined: Examined, record_property: Note) -> None:
    """Against the card's own limits."""
    judge(examined, heat.temperature, "too hot", record_property)


def check_power_limits_leave_enough(examined: Examined, record_property: Note) -> None:
    """The limit in force against the board's usual one."""
    judge(examined, heat.power_limit, "held below its power", record_property)


def check_each_pcie_link_is_wide_and_fast(examined: Examined, record_property: Note) -> None:
    """Against what card and slot can; the generation only under load."""
    judge(examined, links.pcie, "PCIe", record_property)


def check_each_nvlink_is_up(examined: Examined, record_property: Note) -> None:
    """Links, their errors, and whether they lead to the other GPUs."""
    judge(examined, partial(links.nvlink, examined), "NVLink", record_property)


def check_the_nvlink_fabric_is_ready(examined: Examined, record_property: Note) -> None:
    """NVSwitches: by the GPUs' own word, and by the fabric manager that runs."""
    found = list(links.fabric_manager(examined))
    if found:
        conclude(found, "the NVLink fabric is not ready", record_property)
    judge(examined, links.fabric, "the NVLink fabric is not ready", record_property)


def check_drivers_stay_loaded(examined: Examined, record_property: Note) -> None:
    """Persistence mode."""
    judge(examined, configuration.persistence, "persistence", record_property)


def check_mig_is_as_planned(examined: Examined, record_property: Note) -> None:
    """Whole GPUs are whole, and slices are those of the plan."""
    rule = partial(configuration.mig, examined)
    judge(examined, rule, "other slices than planned", record_property)


def check_compute_modes_let_engines_in(examined: Examined, record_property: Note) -> None:
    """Prohibited is nobody's; exclusive is the first one's."""
    judge(examined, configuration.compute_mode, "closed to engines", record_property)


def check_nobody_else_takes_gpu_memory_that_is_planned(
    examined: Examined, fleet: Fleet, record_property: Note
) -> None:
    """Processes outside the kit's containers."""
    replicas = fleet.committed[examined.host].release.replicas
    rule = partial(configuration.foreign_memory, replicas)
    judge(examined, rule, "GPU memory in the hands of others", record_property)


def check_each_container_sees_its_gpus(
    examined: Examined, fleet: Fleet, record_property: Note
) -> None:
    """From within: the host may see a GPU that its container has lost."""
    if examined.health.refused is not None:
        pytest.skip(f"the driver answers nothing on the host: {examined.health.refused.said}")
    found, unasked = driver.unseen(holders(fleet, examined.host), examined.health)
    if unasked and not found and not examined.health.inside:
        pytest.skip("\n".join(unasked))
    conclude(found, "GPUs are not in their containers", record_property, unasked)
