"""How one GPU is doing: what is asked of NVML, by our own names, with NVML's refusals as values."""

from __future__ import annotations

import time
from typing import Any

from checks.probes.on_host import nvml
from checks.probes.on_host.nvml import Device

# Our name -> NVML's function and what it takes beside the GPU.
READINGS: dict[str, tuple[Any, ...]] = {
    "name": ("nvmlDeviceGetName",),
    "ecc_mode": ("nvmlDeviceGetEccMode",),
    "ecc_default": ("nvmlDeviceGetDefaultEccMode",),
    "ecc_corrected": ("nvmlDeviceGetTotalEccErrors", 0, 0),
    "ecc_uncorrected": ("nvmlDeviceGetTotalEccErrors", 1, 0),
    "ecc_uncorrected_ever": ("nvmlDeviceGetTotalEccErrors", 1, 1),
    "remapped_rows": ("nvmlDeviceGetRemappedRows",),
    "remapped_banks": ("nvmlDeviceGetRowRemapperHistogram",),
    "retired_pages_pending": ("nvmlDeviceGetRetiredPagesPendingStatus",),
    "repair_pending": ("nvmlDeviceGetRepairStatus",),
    "inforom": ("nvmlDeviceValidateInforom",),
    "temperature": ("nvmlDeviceGetTemperature", 0),
    "temperature_margin": ("nvmlDeviceGetMarginTemperature",),
    "temperature_slowdown": ("nvmlDeviceGetTemperatureThreshold", 1),
    "temperature_memory_most": ("nvmlDeviceGetTemperatureThreshold", 2),
    "temperature_most": ("nvmlDeviceGetTemperatureThreshold", 3),
    "pcie_most_generation": ("nvmlDeviceGetMaxPcieLinkGeneration",),
    "pcie_most_width": ("nvmlDeviceGetMaxPcieLinkWidth",),
    "persistence": ("nvmlDeviceGetPersistenceMode",),
    "compute_mode": ("nvmlDeviceGetComputeMode",),
    "mig_mode": ("nvmlDeviceGetMigMode",),
    "power_limit_mw": ("nvmlDeviceGetEnforcedPowerLimit",),
    "power_default_limit_mw": ("nvmlDeviceGetPowerManagementDefaultLimit",),
    "energy_mj": ("nvmlDeviceGetTotalEnergyConsumption",),
}
# The same, read several times.
SAMPLED: dict[str, tuple[Any, ...]] = {
    "utilization": ("nvmlDeviceGetUtilizationRates",),
    "slowed_by": ("nvmlDeviceGetCurrentClocksEventReasons",),
    # For how long heat has held it back, ever (NVML_PERF_POLICY_THERMAL).
    "slowed_by_heat": ("nvmlDeviceGetViolationStatus", 1),
    "pcie_generation": ("nvmlDeviceGetCurrPcieLinkGeneration",),
    "pcie_width": ("nvmlDeviceGetCurrPcieLinkWidth",),
    "pcie_replays": ("nvmlDeviceGetPcieReplayCounter",),
}
# Before driver 535 it has another name.
OLDER = {"slowed_by": "nvmlDeviceGetCurrentClocksThrottleReasons"}
# NVML_FI_DEV_* of nvml.h; the last two together are what NVLink's checksums found on all lanes.
FIELDS = {
    "recovery_action": 230,
    "memory_temperature": 82,
    "temperature_most_margin": 196,
    "pcie_fatal_errors": 180,
    "nvlink_replays": 52,
    "nvlink_recoveries": 59,
}
SAMPLED_FIELDS = {"nvlink_flit_crc": 38, "nvlink_data_crc": 45}
MOST_LINKS = 36
NOT_SUPPORTED = 3


def readings(device: Device) -> dict[str, object]:
    """All of it, once."""
    found = {name: value(device, *question) for name, question in READINGS.items()}
    causes = [value(device, "nvmlDeviceGetRetiredPages", cause) for cause in (0, 1)]
    pages = [len(one) if isinstance(one, list) else one for one in causes]
    refused = [one for one in pages if isinstance(one, dict)]
    return {
        **found,
        **_fields(device, FIELDS),
        "retired_pages": refused[0] if refused else pages,
        "sram": _filled(device, "nvmlDeviceGetSramEccErrorStatus", "c_nvmlEccSramErrorStatus_v1_t"),
        "fabric": _fabric(device),
        "nvlinks": _links(device),
    }


def sample(device: Device) -> dict[str, object]:
    """What changes from one second to the next, and `at`, in seconds of this host's own clock."""
    found = {name: value(device, *question) for name, question in SAMPLED.items()}
    for name, function in OLDER.items():
        if is_lacking(found[name]):
            found[name] = value(device, function)
    return {"at": time.monotonic(), **found, **_fields(device, SAMPLED_FIELDS)}


def value(device: Device, function: str, *arguments: object) -> Any:  # noqa: ANN401
    """A plain value; `{"code": …, "said": …}` where NVML refuses."""
    try:
        return plain(nvml.call(function, device, *arguments))
    except nvml.Error as error:
        return refusal(error)


def refusal(error: nvml.Error) -> dict[str, object]:
    """NVML's refusal as a value."""
    return {"code": int(error.value), "said": str(error)}


def is_lacking(found: object) -> bool:
    """Whether board or driver do not have it."""
    return isinstance(found, dict) and found.get("code") in nvml.LACKING


def plain(found: Any) -> object:  # noqa: ANN401
    """Numbers, texts, and lists and mappings of them, of what ctypes and pynvml give."""
    if found is None or isinstance(found, (int, float, str)):
        return found
    fields = getattr(found, "_fields_", None)
    if fields:
        return {name: plain(getattr(found, name)) for name, *_ in fields}
    if isinstance(found, bytes):
        return found.decode(errors="replace")
    return [plain(one) for one in found]


def _fields(device: Device, wanted: dict[str, int]) -> dict[str, object]:
    """NVML's numbered values, each with a return code of its own."""
    try:
        found = nvml.call("nvmlDeviceGetFieldValues", device, list(wanted.values()))
    except nvml.Error as error:
        return dict.fromkeys(wanted, refusal(error))
    return {name: _field(one) for name, one in zip(wanted, found)}


def _field(found: Any) -> object:  # noqa: ANN401
    if found.nvmlReturn:
        return {"code": found.nvmlReturn, "said": str(nvml.Error(found.nvmlReturn))}
    # nvmlValueType_t of nvml.h.
    kinds = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
    return getattr(found.value, kinds[found.valueType])


def _filled(device: Device, function: str, structure: str) -> object:
    empty = nvml.structure(structure)
    answer = value(device, function, nvml.pointer_to(empty))
    return answer if isinstance(answer, dict) else plain(empty)


def _fabric(device: Device) -> object:
    newer = _filled(device, "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v3_t")
    if isinstance(newer, dict) and newer.get("code") == 25:
        return _filled(device, "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v2_t")
    return newer


def _links(device: Device) -> object:
    """Whether each NVLink is up; a refusal only where there is none."""
    found: list[object] = []
    for link in range(MOST_LINKS):
        state = value(device, "nvmlDeviceGetNvLinkState", link)
        if isinstance(state, dict):
            # Behind the last link NVML answers with an error.
            return found or {
                **state,
                "code": NOT_SUPPORTED if state["code"] == 2 else state["code"],
            }
        found.append(state)
    return found
