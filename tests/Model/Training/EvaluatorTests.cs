using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Memory;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public class EvaluatorTests
{
    [Fact]
    public void An_evaluation_has_the_loss_of_training_and_keeps_nothing_for_a_backward_pass()
    {
        const int rows = 8;
        TransformerConfig config = Gpt2.Config(65, 64, 4, 4, 64);
        Decoder<float> gpt = new(config);
        gpt.Initialize(1);
        int[] ids = [.. Enumerable.Range(0, rows * config.Context + 1).Select(i => i * 7 % 65)];
        using Tape<float> recording = new();
        using NextTokenEvaluator<float> evaluator = new(gpt, rows);
        double trained = 0, evaluated = 0;
        long bytesOfTraining = BytesOf(() =>
        {
            Tensor<int> inputs = recording.Copy<int>(ids.AsSpan(0, ids.Length - 1), [rows, config.Context]);
            trained = gpt.Loss(recording, inputs, recording.Copy<int>(ids.AsSpan(1), inputs.Shape)).Value.Span[0];
        });
        long bytesOfEvaluation = BytesOf(() => evaluated = evaluator.WholeLoss(TokenSource.FromIds(ids, 65)));
        Assert.Equal(trained, evaluated, 1e-6);
        Assert.False(recording.Nodes.IsEmpty);
        Assert.True(gpt.Parameters.Gradients.IsEmpty);
        Assert.True(bytesOfEvaluation < bytesOfTraining, $"{bytesOfEvaluation} bytes to evaluate, {bytesOfTraining} to train");
    }

    private static long BytesOf(Action action)
    {
        long before = AlignedMemory.AllocatedBytesForCurrentThread;
        action();
        return AlignedMemory.AllocatedBytesForCurrentThread - before;
    }
}
