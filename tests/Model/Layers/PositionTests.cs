using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Layers;

public class PositionTests
{
    [Theory]
    [InlineData(PositionKind.Sinusoidal, 0, 1)] // Vaswani et al. 2017, section 3.5
    [InlineData(PositionKind.Learned, 0.1, 0.1)]
    public void Positions_begin_as_waves(PositionKind kind, double firstWaves, double size)
    {
        Encoder<double> model = new(Bert.Config(new ModelSizes(7, 9, Layers: 1, Heads: 2, Width: 6)) with
        {
            Positions = new() { Kind = kind, FirstWaves = firstWaves },
        });
        model.Initialize(1);
        Parameter<double> table = model.Input.Positions!.Table;
        Assert.Equal(kind == PositionKind.Learned, table.IsTrained);
        for (int position = 0; position < 9; position++)
        {
            for (int pair = 0; pair < 3; pair++)
            {
                double angle = position * Math.Exp(-Math.Log(10000) * pair / 3);
                Assert.Equal(size * Math.Sin(angle), table.Value[position, 2 * pair], 1e-12);
                Assert.Equal(size * Math.Cos(angle), table.Value[position, 2 * pair + 1], 1e-12);
            }
        }
    }

    [Fact]
    public void Only_a_model_that_is_to_fill_in_masked_words_begins_with_waves()
    {
        Assert.Equal(0.1, TrainingOptions.For(TaskKind.Masked).ToConfig(50).Positions.FirstWaves);
        Assert.Equal(0, TrainingOptions.For(TrainingPreset.Tiny).ToConfig(50).Positions.FirstWaves);
        Assert.Equal(0, TrainingOptions.For(TaskKind.Translate).ToConfig(50).Positions.FirstWaves);
    }
}
