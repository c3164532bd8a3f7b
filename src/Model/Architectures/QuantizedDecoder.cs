using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Architectures;

/// <summary>Models of which generation reads the matrices in 8 bits: a quarter of the memory to go through for each token.</summary>
public static class QuantizedDecoder
{
    /// <summary>Rounds a model's matrices to Q8_0. Position tables, norms, biases and rows that no blocks of 32 fill stay as they are.</summary>
    /// <exception cref="ArgumentException">A weight is not finite.</exception>
    public static Decoder<float> From(Decoder<float> model) => model.ForReading(Quantize, parameter => parameter.Value);

    /// <summary>Whether a parameter is one that is rounded.</summary>
    internal static bool Rounds(Parameter<float> parameter) =>
        parameter.Role is not (ParameterRole.Vector or ParameterRole.Positions) && parameter.Shape[1] % Q8Block.Size == 0;

    private static WeightMatrix<float> Quantize(Parameter<float> parameter)
    {
        if (!Rounds(parameter))
            return new PanelMatrix<float>(parameter.Value);
        using Q8Matrix blocks = Q8Matrix.Quantize(parameter.Value);
        return new QuantizedMatrix(blocks);
    }
}
