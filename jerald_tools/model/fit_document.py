# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit file says: the only code that knows the keys of a fit document.

A fit file carries the fits of its prerequisites whole. It may carry members, fits to parts of the
training sample: member 0 is the fit itself.
"""

import contextlib
import dataclasses
import functools
import typing
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import DAMAGE, BadInput, refusing
from jerald_tools.io.sealed_json import edited_parts, sealed
from jerald_tools.model.curves import BY_SCALE_FACTOR, Curve, Variable
from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.model.parameters import from_dictionary
from jerald_tools.model.quantity import Quantity
from jerald_tools.model.validity import Validity
from jerald_tools.quantities import NAMES, quantity_named

FIT_AGAIN = "fit again"

REQUIRED = ("quantity", "redshift", "layers", "parameters", "loss", "history")
"""The keys that every fit document has."""


@dataclasses.dataclass(frozen=True)
class RegionQuality:
    """How good a fit's own map is in one region of its training box.

    Attributes:
        mean_ratio: mean of the map over the mean of the target.
        k: middles of the bins [h/Mpc], (bins,).
        modes: in each bin, (bins,).
        ratio: P / P_ref, (bins,); not a number where there is no power.
        r: correlation with the target, (bins,).
    """

    mean_ratio: float
    k: np.ndarray
    modes: np.ndarray
    ratio: np.ndarray
    r: np.ndarray


def prerequisite_key(name: str) -> str:
    """The key under which a fit carries the fit of a prerequisite, like "dark_matter_fit"."""
    return f"{name.replace('-', '_')}_fit"


def name_without(white_noise: str) -> str:
    """The name of the member that left the boxes of a white noise out, "without seed 9281"."""
    return f"without {white_noise}"


class FitDocument:
    """The content of a fit by name; what it lacks is refused where it is used.

    Args:
        content: a whole document, or content for :func:`jerald_tools.io.sealed_json.sealed`.
        path: its file, for messages.
        member: number of the member whose parameters are meant; None without members.
    """

    def __init__(self, content: dict, path: str, member: int | None = None):
        self._content, self.path, self._member = content, path, member

    @property
    def document(self) -> dict:
        """The whole document with its digest, for a file, or for a fit that carries this one."""
        return sealed(self._content, REQUIRED)

    @property
    def sha256(self) -> str:
        """Digest of the document, also for its members."""
        return self._content["sha256"]

    @functools.cached_property
    def quantity(self) -> Quantity:
        """The quantity, with the constants of the fit.

        Raises:
            BadInput: if it is unknown, or a constant is no number.
        """
        name = self._content["quantity"]
        if name not in NAMES:
            raise BadInput(
                f"{self.path}: quantity {name}: is unknown; give a fit of {', '.join(NAMES)}"
            )
        quantity = quantity_named(name)
        values = {key: self._content[key] for key in quantity.constants if key in self._content}
        try:
            return quantity.with_constants(values)
        except BadInput as error:
            raise BadInput(f"{self.path}: {error}") from error

    @property
    def quantity_name(self) -> str:
        """The name of the quantity, known or not."""
        return str(self._content["quantity"])

    @property
    def layers(self) -> int:
        """Number of displacement layers."""
        return self._content["layers"]

    @functools.cached_property
    def parameters(self) -> typing.Any:
        """The parameters, float64 JAX scalars: a quantity's, or :class:`EvolvingParameters`.

        Raises:
            BadInput: if a parameter is missing, unknown or not a number, or a layer is missing.
        """
        with self.refusing_damage():
            values = self._fitted_values["parameters"]
        try:
            if isinstance(values, list):
                parameters = EvolvingParameters(
                    tuple(float(knot["redshift"]) for knot in values),
                    tuple(
                        self._own_parameters({k: v for k, v in knot.items() if k != "redshift"})
                        for knot in values
                    ),
                    self._variable(self._content),
                )
            else:
                parameters = self._own_parameters(values)
        except DAMAGE as error:
            raise BadInput(
                f"{self.path}: parameters are incomplete ({error}): {FIT_AGAIN}"
            ) from error
        with self.refusing_damage():
            layers = len(parameters.layers)
        if layers != self.layers:
            raise BadInput(f"{self.path}: says {self.layers} layers, has {layers}: {FIT_AGAIN}")
        return parameters

    @functools.cached_property
    def validity(self) -> Validity:
        """What the parameters depend on.

        Raises:
            BadInput: if the fit does not say.
        """
        try:
            return Validity.from_dict(self._content["setting"])
        except DAMAGE as error:
            raise BadInput(
                f"{self.path}: its setting is incomplete ({error}): {FIT_AGAIN}"
            ) from error

    def carried(self, name: str) -> dict | None:
        """The document of the fit of a prerequisite, None if there is none."""
        return self._content.get(prerequisite_key(name))

    @property
    def target_units(self) -> str:
        """Units of the training targets, and of painted maps."""
        return self._target["units"]

    @property
    def target_description(self) -> str:
        """What the training targets are maps of."""
        return self._target["description"]

    @property
    def loss_name(self) -> str:
        """Name of the loss that was minimised."""
        with self.refusing_damage():
            return str(self._content["loss"]["name"])

    @property
    def losses(self) -> dict[str, float]:
        """Loss of the fit in the regions "train", "validation" and "test".

        Raises:
            BadInput: if the fit does not say.
        """
        try:
            loss = self._content["loss"]
            return {region: float(loss[region]) for region in ("train", "validation", "test")}
        except DAMAGE as error:
            raise BadInput(f"{self.path}: its losses are missing ({error}): {FIT_AGAIN}") from error

    @property
    def single_redshift(self) -> float:
        """The redshift of a fit at one redshift.

        Raises:
            BadInput: if the fit spans several redshifts, or does not say.
        """
        redshift = self._content["redshift"]
        if isinstance(redshift, list):
            raise BadInput(
                f"{self.path}: is a fit over several redshifts: give fits at one redshift each"
            )
        with self.refusing_damage():
            return float(redshift)

    def quality(self, region: str) -> RegionQuality:
        """How good the fit's own map is in "all", "training", "validation" or "test".

        Raises:
            BadInput: if the fit does not say.
        """
        with self.refusing_damage():
            found = self._content["quality"][region]
            k, modes, ratio, r = (
                np.array(found[name], np.float64) for name in ("k", "modes", "ratio", "r")
            )
            return RegionQuality(float(found["mean_ratio"]), k, modes, ratio, r)

    @property
    def number_of_members(self) -> int:
        """How many members the fit carries besides itself."""
        with self.refusing_damage():
            return len(self._content.get("ensemble", {}).get("members", ()))

    @property
    def names_of_members(self) -> list[str]:
        """The parts of the training sample that members are fits to; versions before 2 had halves.

        They are "upper z" and the like for halves of boxes, "without seed 9281" for boxes left out.
        """
        with self.refusing_damage():
            members = self._content.get("ensemble", {}).get("members", ())
            return [str(one["subsample"] if "subsample" in one else one["half"]) for one in members]

    def map_attributes(self) -> dict:
        """What a map records of the fit that painted it.

        Raises:
            BadInput: if the fit has a member in question and its ensemble is incomplete.
        """
        attributes: dict[str, typing.Any] = {"fit_sha256": self.sha256}
        with self.refusing_damage():
            if self._member is not None:
                attributes["member"] = self._member
                for name in ("k", "model_error"):
                    values = self._content["ensemble"][name]
                    attributes[name] = [float(value) for value in values]
                attributes |= self._expected_of_member()
            attributes |= {name: float(value) for name, value in self._gas_of_target.items()}
        if edited := edited_parts(self._content):
            attributes["fit_edited"] = [place or "itself" for place in edited]
        return attributes

    def _expected_of_member(self) -> dict:
        """The error of a member that is to be expected on the boxes that it left out, if any."""
        if not self._member:
            return {}
        member = self._content["ensemble"]["members"][self._member - 1]
        expected = member.get("expected_error")
        if expected is None:
            return {}
        return {
            f"expected_{name}": [float(value) for value in expected[name]]
            for name in ("k", "error")
        }

    @property
    def _target(self) -> dict:
        target = self._content.get("target")
        if not isinstance(target, dict) or not {"mean", "units", "description"} <= target.keys():
            raise BadInput(f"{self.path}: does not describe its target: {FIT_AGAIN}")
        for name in ("units", "description"):
            if not isinstance(target[name], str):
                raise BadInput(
                    f"{self.path}: target's {name} {target[name]}: must be text: {FIT_AGAIN}"
                )
        return target

    @property
    def _gas_of_target(self) -> Mapping[str, float]:
        """Temperature and gamma of the gas that the fit was trained on; none in older fits."""
        gas = self._target.get("gas", {})
        return {name: gas[name] for name in ("temperature", "gamma") if name in gas}

    def target_mean(self, redshift: float) -> float:
        """Mean of the training targets, between redshifts if there were several."""
        return self._curve_at(redshift, "target's mean", self._target, "mean")

    def amplitude(self, redshift: float) -> float:
        """Factor of the map between redshifts, 1 at those of the training and in older fits."""
        with self.refusing_damage():
            values = self._fitted_values.get("amplitude", {"factor": 1.0})
            return self._curve_at(redshift, "amplitude", values, "factor")

    def _curve_at(self, redshift: float, what: str, values: Mapping, name: str) -> float:
        """A positive number, or one on the curve through rows of redshifts and numbers."""
        given = values[name]
        try:
            rows = given if isinstance(given, list) else [{"redshift": redshift, name: given}]
            redshifts, numbers = ([float(row[key]) for row in rows] for key in ("redshift", name))
        except DAMAGE as error:
            raise BadInput(
                f"{self.path}: the {what} is incomplete ({error}): {FIT_AGAIN}"
            ) from error
        if not numbers or min(numbers) <= 0:
            raise BadInput(f"{self.path}: {what} {given}: must be a positive number")
        return Curve(tuple(redshifts), tuple(numbers), self._variable(values)).at(redshift)

    def _variable(self, values: Mapping) -> Variable:
        """In what is interpolated over redshift; the scale factor where nothing is said."""
        if "variable" not in values:
            return BY_SCALE_FACTOR
        try:
            return Variable(values["variable"], self.validity.cosmology)
        except BadInput as error:
            raise BadInput(f"{self.path}: {error}") from error

    @property
    def _fitted_values(self) -> Mapping:
        """What holds parameters and amplitude: the member if it exists, else the fit."""
        with self.refusing_damage():
            if self._member and self._member <= self.number_of_members:
                return self._content["ensemble"]["members"][self._member - 1]
            return self._content

    def _own_parameters(self, values: Mapping) -> typing.Any:
        parameters = from_dictionary(self.quantity.parameters, values)
        return jax.tree.map(lambda value: jnp.asarray(value, jnp.float64), parameters)

    def refusing_damage(self) -> contextlib.AbstractContextManager[None]:
        """Turn the error of an access to a document of another shape into the line for users.

        In a fit that was edited and accepted, any value may be missing or of another type.
        """
        return refusing(self.path, "is not a valid fit", FIT_AGAIN)
