using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>The first positions and dimensions of the table that tells positions apart, and the sinusoidal waves of the same size.</summary>
/// <param name="Table">[positions, dimensions]: the model's own table.</param>
/// <param name="Waves">[positions, dimensions]: "Attention is all you need", section 3.5, for the model's width.</param>
public sealed record PositionView(PackedNumbers Table, PackedNumbers Waves)
{
    private const int MostPositions = 128;
    private const int MostDimensions = 128;

    /// <summary>What a model has; null where its positions have no table.</summary>
    internal static PositionView? Of(LanguageModel<float> model)
    {
        if (model.Positions is null)
            return null;
        Tensor<float> table = model.Positions.Table.Value, waves = new(table.Shape);
        SinusoidalPositions.Fill(waves, model.Config.Positions.SinesFirst);
        return new PositionView(Corner(table), Corner(waves));
    }

    private static PackedNumbers Corner(Tensor<float> table)
    {
        (int positions, int dimensions) = (Math.Min(table.Shape[0], MostPositions), Math.Min(table.Shape[1], MostDimensions));
        float[] corner = new float[positions * dimensions];
        for (int position = 0; position < positions; position++)
            table.Span.Slice(position * table.Shape[1], dimensions).CopyTo(corner.AsSpan(position * dimensions));
        return PackedNumbers.Exact(corner, positions, dimensions);
    }
}
