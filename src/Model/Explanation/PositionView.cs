using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>The first positions and dimensions of what tells positions apart, and the sinusoidal waves of the same size.</summary>
/// <param name="Table">
/// [positions, dimensions]: the model's own table; of rotary positions the cosines of the angles, then the sines, by which a head is turned; of
/// a model without either, zeros.
/// </param>
/// <param name="Waves">[positions, dimensions]: "Attention is all you need", section 3.5, for the model's width.</param>
public sealed record PositionView(PackedNumbers Table, PackedNumbers Waves)
{
    private const int MostPositions = 128;
    private const int MostDimensions = 128;

    internal static PositionView Of(Decoder<float> model)
    {
        Tensor<float> table = model.Positions?.Table.Value
            ?? (model.Stack.Rotary is { } rotary ? Turns(rotary, Math.Min(model.Config.Context, MostPositions)) : new([1, model.Config.Width / 2 * 2]));
        Tensor<float> waves = new(table.Shape);
        SinusoidalPositions.Fill(waves);
        return new PositionView(Corner(table), Corner(waves));
    }

    /// <summary>[positions, D].</summary>
    private static Tensor<float> Turns(RotaryPositions<float> rotary, int positions)
    {
        int pairs = rotary.Frequencies.Length;
        Tensor<float> turns = new([positions, 2 * pairs]);
        for (int position = 0; position < positions; position++)
        {
            for (int pair = 0; pair < pairs; pair++)
            {
                (double sine, double cosine) = Math.SinCos(position * rotary.Frequencies[pair]);
                (turns[position, pair], turns[position, pairs + pair]) = ((float)cosine, (float)sine);
            }
        }
        return turns;
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
