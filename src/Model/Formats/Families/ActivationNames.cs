using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>The names under which configurations know an activation, beside <see cref="OptionNames"/>'.</summary>
internal static class ActivationNames
{
    private static readonly Dictionary<string, Activation> s_others = new()
    {
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
        ["gelu_accurate"] = Activation.GeluTanh,
        ["gelu_python"] = Activation.GeluErf,
        ["swish"] = Activation.Silu,
    };

    /// <summary>The activation of a name; false where there is none.</summary>
    public static bool TryParse(string name, out Activation activation) =>
        OptionNames.TryParse(name, out activation) || s_others.TryGetValue(name, out activation);
}
