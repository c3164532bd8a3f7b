using System.Numerics;
using System.Text.Json.Serialization;
using MiniGpt.Autograd;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>The nonlinearity of the feed-forward layers.</summary>
[JsonConverter(typeof(NameConverter<Activation>))]
public enum Activation
{
    /// <summary>GELU by its tanh approximation, which GPT-2 uses (Hendrycks and Gimpel 2016).</summary>
    [JsonStringEnumMemberName("gelu_new")] GeluTanh,

    /// <summary>GELU by the error function, x·Φ(x).</summary>
    [JsonStringEnumMemberName("gelu")] GeluErf,

    /// <summary>max(x, 0).</summary>
    [JsonStringEnumMemberName("relu")] Relu,

    /// <summary>x·sigmoid(x), also called swish.</summary>
    [JsonStringEnumMemberName("silu")] Silu,
}

/// <summary>An operator that is written for any activation.</summary>
internal interface IActivated<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    Variable<T> Apply<TFunction>()
        where TFunction : struct, IActivation<T>;
}

/// <summary>From the name of an activation to its function: the one place that knows both.</summary>
internal static class ActivationFunctions
{
    /// <summary>Runs an operator with an activation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation.</exception>
    public static Variable<T> Run<T, TOperator>(this Activation activation, in TOperator activated)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperator : struct, IActivated<T> => activation switch
        {
            Activation.GeluTanh => activated.Apply<GeluTanhFunction<T>>(),
            Activation.GeluErf => activated.Apply<GeluErfFunction<T>>(),
            Activation.Relu => activated.Apply<ReluFunction<T>>(),
            Activation.Silu => activated.Apply<SiluFunction<T>>(),
            _ => throw new ArgumentOutOfRangeException(nameof(activation), $"There is no activation {activation}."),
        };
}
