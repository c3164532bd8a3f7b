namespace MiniGpt.Tests.Reference;

/// <summary>Negative sampling as plain loops in double: the loss of some examples, and the gradients of both tables.</summary>
public sealed class PlainNegativeSampling
{
    private PlainNegativeSampling(int inputs, int outputs) => (InputGradient, OutputGradient) = (new double[inputs], new double[outputs]);

    public double Loss { get; private set; }

    public double[] InputGradient { get; }

    public double[] OutputGradient { get; }

    /// <summary>-1 stands where there is no context or no target.</summary>
    public static PlainNegativeSampling Run(double[] inputs, double[] outputs, int columns, int[][] contexts, int[][] targets)
    {
        PlainNegativeSampling result = new(inputs.Length, outputs.Length);
        for (int example = 0; example < contexts.Length; example++)
        {
            int[] used = [.. contexts[example].Where(id => id >= 0)];
            double[] mean = [.. Enumerable.Range(0, columns).Select(c => used.Sum(id => inputs[id * columns + c]) / used.Length)];
            for (int j = 0; j < targets[example].Length; j++)
            {
                int target = targets[example][j];
                if (target < 0)
                    continue;
                double score = Enumerable.Range(0, columns).Sum(c => mean[c] * outputs[target * columns + c]);
                double probability = 1 / (1 + Math.Exp(-score)), error = j == 0 ? probability - 1 : probability;
                result.Loss -= Math.Log(j == 0 ? probability : 1 - probability);
                for (int c = 0; c < columns; c++)
                {
                    result.OutputGradient[target * columns + c] += error * mean[c];
                    foreach (int id in used)
                        result.InputGradient[id * columns + c] += error * outputs[target * columns + c] / used.Length;
                }
            }
        }
        return result;
    }
}
